/*
 * GPIO character device, ABI v2, on what the lines of standard input say; one line of answer each. Errors are `errno N`.
 *
 *   chip PATH                     -> name label lines
 *   info OFFSET                   -> name consumer flags
 *   request FLAGS VALUES OFFSET.. -> ok (one request at a time)
 *   get | set BITS | config FLAGS -> bits | ok | ok
 *   event                         -> id offset seqno line_seqno; waits for it with epoll
 *   idle                          -> whether epoll has nothing to say: 1 or 0
 *   drop | close                  -> ok: closes the lines | the chip
 *   files                         -> number of open files
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int chip = -1, lines = -1;

static void say(int result) {
  if (result < 0) printf("errno %d\n", errno);
  else printf("ok\n");
}

static void say_info(unsigned offset) {
  struct gpio_v2_line_info info = {.offset = offset};
  if (ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0) say(-1);
  else printf("%s %s %llx\n", info.name, info.consumer[0] ? info.consumer : "-", (unsigned long long)info.flags);
}

static void request(char *words) {
  struct gpio_v2_line_request request = {.consumer = "gpio-child"};
  char *at = words;
  request.config.flags = strtoull(at, &at, 16);
  request.config.num_attrs = 1;
  request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  request.config.attrs[0].attr.values = strtoull(at, &at, 16);
  request.config.attrs[0].mask = ~0ull;
  for (char *end;; at = end) {
    unsigned offset = (unsigned)strtoul(at, &end, 10);
    if (end == at) break;
    request.offsets[request.num_lines++] = offset;
  }
  int result = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request);
  if (result == 0) lines = request.fd;
  say(result);
}

static int wait_for_event(int timeout_ms) {
  struct epoll_event event = {.events = EPOLLIN};
  int epoll = epoll_create1(0);
  epoll_ctl(epoll, EPOLL_CTL_ADD, lines, &event);
  int count = epoll_wait(epoll, &event, 1, timeout_ms);
  close(epoll);
  return count;
}

static void say_event(void) {
  struct gpio_v2_line_event events[2];
  if (wait_for_event(5000) != 1 || read(lines, events, sizeof events[0]) != sizeof events[0]) {
    say(-1);
    return;
  }
  printf("%u %u %u %u\n", events[0].id, events[0].offset, events[0].seqno, events[0].line_seqno);
}

static int count_files(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

int main(void) {
  char line[256];
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *word = strtok(line, " "), *rest = strtok(NULL, "");
    struct gpio_v2_line_values values = {.mask = ~0ull};
    if (strcmp(word, "chip") == 0) {
      struct gpiochip_info info;
      chip = open(rest, O_RDWR | O_CLOEXEC);
      if (chip < 0 || ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) < 0) say(-1);
      else printf("%s %s %u\n", info.name, info.label, info.lines);
    } else if (strcmp(word, "info") == 0) {
      say_info((unsigned)atoi(rest));
    } else if (strcmp(word, "request") == 0) {
      request(rest);
    } else if (strcmp(word, "get") == 0) {
      int result = ioctl(lines, GPIO_V2_LINE_GET_VALUES_IOCTL, &values);
      if (result < 0) say(result);
      else printf("%llx\n", (unsigned long long)values.bits);
    } else if (strcmp(word, "set") == 0) {
      values.bits = strtoull(rest, NULL, 16);
      say(ioctl(lines, GPIO_V2_LINE_SET_VALUES_IOCTL, &values));
    } else if (strcmp(word, "config") == 0) {
      struct gpio_v2_line_config config = {.flags = strtoull(rest, NULL, 16)};
      say(ioctl(lines, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config));
    } else if (strcmp(word, "event") == 0) {
      say_event();
    } else if (strcmp(word, "idle") == 0) {
      printf("%d\n", wait_for_event(0) == 0);
    } else if (strcmp(word, "drop") == 0) {
      say(close(lines));
    } else if (strcmp(word, "close") == 0) {
      say(close(chip));
    } else if (strcmp(word, "files") == 0) {
      printf("%d\n", count_files());
    }
  }
  return 0;
}
