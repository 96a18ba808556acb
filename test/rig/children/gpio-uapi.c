/*
 * What the kernel's own header makes of the requests of the GPIO character device: `NAME HEX` a line, the name of a
 * struct with example values and its bytes, or of an ioctl or a flag and its number.
 */
#include <linux/gpio.h>
#include <stdio.h>

static void say_bytes(const char *name, const void *bytes, size_t length) {
  printf("%s ", name);
  for (size_t i = 0; i < length; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
  printf("\n");
}

#define SAY(name) say_bytes(#name, &name, sizeof name)
#define SAY_IOCTL(name) printf(#name " %lx\n", (unsigned long)name##_IOCTL)
#define SAY_FLAG(name) printf(#name " %llx\n", (unsigned long long)GPIO_V2_LINE_FLAG_##name)

int main(void) {
  struct gpiochip_info chip_info = {.name = "gpiochip0", .label = "pinctrl-bcm2711", .lines = 58};
  struct gpio_v2_line_info line_query = {.offset = 57};
  struct gpio_v2_line_info held = {
      .name = "GPIO4", .consumer = "kernel", .offset = 4, .flags = GPIO_V2_LINE_FLAG_USED | GPIO_V2_LINE_FLAG_OUTPUT};
  struct gpio_v2_line_info full = {.consumer = "0123456789abcdef0123456789abcde", .flags = GPIO_V2_LINE_FLAG_USED};
  struct gpio_v2_line_info nameless = {.flags = GPIO_V2_LINE_FLAG_USED};
  struct gpio_v2_line_info unused = {.consumer = "stale", .flags = GPIO_V2_LINE_FLAG_INPUT};
  struct gpio_v2_line_request outputs = {
      .offsets = {17, 300, 5},
      .consumer = "iose",
      .config = {.flags = GPIO_V2_LINE_FLAG_OUTPUT,
                 .num_attrs = 2,
                 .attrs = {{.attr = {.id = GPIO_V2_LINE_ATTR_ID_FLAGS,
                                     .flags = GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW},
                            .mask = 0x80000002},
                           {.attr = {.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = 0xf0000005}, .mask = ~0ull}}},
      .num_lines = 3};
  struct gpio_v2_line_request granted = {.offsets = {17}, .consumer = "iose", .num_lines = 1, .fd = 0x1234567};
  struct gpio_v2_line_config edges = {.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING |
                                               GPIO_V2_LINE_FLAG_EDGE_FALLING | GPIO_V2_LINE_FLAG_BIAS_PULL_UP};
  struct gpio_v2_line_values values = {.bits = 0x80000001, .mask = 0xffffffff};
  struct gpio_v2_line_event events[3] = {
      {.timestamp_ns = ~0ull, .id = GPIO_V2_LINE_EVENT_RISING_EDGE, .offset = 2, .seqno = 2, .line_seqno = 2},
      {.timestamp_ns = 1, .id = GPIO_V2_LINE_EVENT_FALLING_EDGE, .offset = 1, .seqno = 1, .line_seqno = 1},
      {.timestamp_ns = 2, .id = GPIO_V2_LINE_EVENT_RISING_EDGE, .offset = 2, .seqno = 2, .line_seqno = 2}};
  SAY(chip_info);
  SAY(line_query);
  SAY(held);
  SAY(full);
  SAY(nameless);
  SAY(unused);
  SAY(outputs);
  SAY(granted);
  SAY(edges);
  SAY(values);
  SAY(events);
  SAY_IOCTL(GPIO_GET_CHIPINFO);
  SAY_IOCTL(GPIO_V2_GET_LINEINFO);
  SAY_IOCTL(GPIO_V2_GET_LINE);
  SAY_IOCTL(GPIO_V2_LINE_SET_CONFIG);
  SAY_IOCTL(GPIO_V2_LINE_GET_VALUES);
  SAY_IOCTL(GPIO_V2_LINE_SET_VALUES);
  SAY_FLAG(USED);
  SAY_FLAG(ACTIVE_LOW);
  SAY_FLAG(INPUT);
  SAY_FLAG(OUTPUT);
  SAY_FLAG(EDGE_RISING);
  SAY_FLAG(EDGE_FALLING);
  SAY_FLAG(BIAS_PULL_UP);
  SAY_FLAG(BIAS_PULL_DOWN);
  SAY_FLAG(BIAS_DISABLED);
  return 0;
}
