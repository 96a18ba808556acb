/*
 * Gives a process device nodes that the machine does not have.
 *
 * Preloaded into the process under test, it catches what is done to the paths named in RIG_NODES and asks the rig,
 * over the UNIX socket RIG_SOCKET, what the device answers. Everything else passes untouched.
 *
 *   process under test                                        test process
 *   open("/dev/i2c-1") -> connection, its fd is returned ---> one endpoint of the rig
 *   ioctl/read/write   -> one request, one reply         ---> bus, device models
 *
 * The calling thread waits for its reply, as it would in the kernel. A reply names the instant at which the transfer
 * ends on the wire; we return then, not earlier.
 *
 * Read top-down: messages, real functions, nodes, requests, ioctls by kind of device, then the functions we stand for.
 * What is asked of the rig and what it answers is laid out in wire.ts.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- Messages: a header, then `length` bytes. Host byte order, both ends are on one machine. ---- */

enum op {
  OP_OPEN = 1,   /* path -> struct inode */
  OP_STAT,       /* path -> struct inode */
  OP_READ,       /* u32 count, u32 offset or NO_OFFSET -> bytes */
  OP_WRITE,      /* bytes */
  OP_IOCTL,      /* u32 request, u32 value: an ioctl whose argument is a number */
  OP_STRUCT,     /* u32 request, then the struct that the argument points to -> the struct */
  OP_SMBUS,      /* u8 read_write, u8 command, u16 size, u8[34] union i2c_smbus_data -> the union */
  OP_RDWR,       /* u32 count, count * (u16 address, u16 flags, u16 length), written bytes -> read bytes */
  OP_SPI,        /* u32 count, count * struct spi_ioc_transfer, sent bytes -> received bytes */
  OP_LINE,       /* struct gpio_v2_line_request, path of the chip -> u32 ticket for OP_EVENTS */
  OP_EVENTS,     /* u32 ticket; after the reply only struct gpio_v2_line_event come */
  OP_PRIORITY,   /* path of a value file; after the reply one byte comes for each edge */
  OP_LIST,       /* path of a folder -> its names, separated by zeros */
};

struct request {
  uint32_t length;
  uint32_t op;
  uint64_t start_ns; /* CLOCK_MONOTONIC when the call was made */
};

struct reply {
  uint32_t length;
  int32_t result; /* what the call returns, or -errno */
  uint32_t is_busy; /* the bus is taken: ask again at until_ns */
  uint32_t unused;
  uint64_t until_ns; /* do not return before, 0: at once */
};

struct inode {
  uint32_t mode;
  uint32_t major;
  uint32_t minor;
};

#define NO_OFFSET UINT32_MAX
#define LARGEST_BODY (512 * 1024)
#define SPIN_NS 50000 /* of a sleep, the last part: a timer wakes us about this late */

/* ---- The real functions ---- */

static struct {
  __typeof__(open) *open;
  __typeof__(openat) *openat;
  __typeof__(close) *close;
  __typeof__(read) *read;
  __typeof__(write) *write;
  __typeof__(pread64) *pread64;
  __typeof__(pwrite64) *pwrite64;
  __typeof__(ioctl) *ioctl;
  __typeof__(access) *access;
  __typeof__(faccessat) *faccessat;
  __typeof__(stat) *stat;
  __typeof__(lstat) *lstat;
  __typeof__(fstat) *fstat;
  __typeof__(fstatat) *fstatat;
  __typeof__(statx) *statx;
  __typeof__(scandir) *scandir;
  __typeof__(syscall) *syscall;
} real;

static const char *socket_path;
static const char *nodes_named; /* paths separated by ':'; one that ends in '/' stands for all below it */

#define RESOLVE(name) (real.name = (__typeof__(real.name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void resolve(void) {
  RESOLVE(open), RESOLVE(openat), RESOLVE(read), RESOLVE(write), RESOLVE(pread64), RESOLVE(pwrite64);
  RESOLVE(ioctl), RESOLVE(access), RESOLVE(faccessat), RESOLVE(stat), RESOLVE(lstat), RESOLVE(fstat);
  RESOLVE(fstatat), RESOLVE(statx), RESOLVE(scandir), RESOLVE(syscall);
  socket_path = getenv("RIG_SOCKET");
  nodes_named = getenv("RIG_NODES");
  RESOLVE(close);
}

/* Another library's constructor may call us before ours ran. `close` is resolved last and stands for all. */
static inline void need_real(void) {
  if (real.close == NULL) resolve();
}

static int fail(int error) {
  errno = error;
  return -1;
}

/* ---- Nodes: what we know of an fd that we gave out ---- */

enum kind { KIND_NONE, KIND_DEVICE, KIND_CHIP, KIND_LINES, KIND_VALUE };

struct node {
  pthread_mutex_t turn; /* one request at a time on a connection; zero is the unlocked state */
  volatile enum kind kind;
  int connection; /* where requests go: the fd itself, or one of our own when the fd must carry events */
  /* KIND_VALUE: edges come here, and go out of band to the other end of the fd, which so gets EPOLLPRI */
  int edges, far_end;
  pthread_t courier;
  struct inode inode;
  char path[64];
};

#define NODES 16384
static struct node nodes[NODES];

static struct node *node_of(int fd) {
  need_real();
  return fd >= 0 && fd < NODES && nodes[fd].kind != KIND_NONE ? &nodes[fd] : NULL;
}

static bool is_ours(const char *path) {
  need_real();
  if (path == NULL || nodes_named == NULL || socket_path == NULL) return false;
  size_t length = strlen(path);
  for (const char *at = nodes_named; *at != '\0';) {
    size_t named = strcspn(at, ":");
    bool is_folder = named > 0 && at[named - 1] == '/';
    if (is_folder && length >= named && memcmp(at, path, named) == 0) return true;
    if (!is_folder && named > 0 && length == named && memcmp(at, path, named) == 0) return true;
    at += named + (at[named] == ':');
  }
  return false;
}

/* ---- Requests ---- */

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void wait_until(uint64_t until_ns) {
  if (until_ns > now_ns() + SPIN_NS) {
    uint64_t wake_ns = until_ns - SPIN_NS;
    struct timespec wake = {.tv_sec = wake_ns / 1000000000u, .tv_nsec = wake_ns % 1000000000u};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) == EINTR) continue;
  }
  while (now_ns() < until_ns) continue;
}

static bool send_all(int connection, const void *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t n = send(connection, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += (size_t)n;
  }
  return true;
}

static bool receive_all(int connection, void *bytes, size_t length) {
  for (size_t received = 0; received < length;) {
    ssize_t n = recv(connection, (char *)bytes + received, length - received, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    received += (size_t)n;
  }
  return true;
}

/* One message under construction. The header lies before the body, so that both leave in one send. */
struct message {
  struct request *whole;
  char *body;
  size_t length;
  size_t room;
};

static bool begin(struct message *message, size_t room) {
  message->whole = malloc(sizeof(struct request) + room);
  message->body = (char *)(message->whole + 1);
  message->length = 0;
  message->room = room;
  return message->whole != NULL;
}

static void put(struct message *message, const void *bytes, size_t length) {
  if (length > message->room - message->length) abort(); /* our bug: begin() was asked for too little */
  if (length > 0) memcpy(message->body + message->length, bytes, length);
  message->length += length;
}

static void put_u32(struct message *message, uint32_t value) { put(message, &value, 4); }

/*
 * Sends `message`, frees it, waits for the reply and for the end of the transfer.
 * At most `room` bytes of the reply's body end in `answer`. Returns the result, or -errno.
 */
static long ask(int connection, enum op op, struct message *message, void *answer, size_t room) {
  struct reply reply;
  char rest[256];
  do {
    *message->whole = (struct request){(uint32_t)message->length, op, now_ns()};
    bool is_sent = send_all(connection, message->whole, sizeof(struct request) + message->length);
    if (!is_sent || !receive_all(connection, &reply, sizeof reply)) {
      free(message->whole);
      return -EIO; /* the rig is gone */
    }
    size_t taken = reply.length < room ? reply.length : room;
    if (!receive_all(connection, answer, taken)) reply.result = -EIO;
    for (size_t left = reply.length - taken; left > 0;) {
      size_t part = left < sizeof rest ? left : sizeof rest;
      if (!receive_all(connection, rest, part)) break;
      left -= part;
    }
    wait_until(reply.until_ns);
  } while (reply.is_busy);
  free(message->whole);
  return reply.result;
}

/* As ask(), for the caller of a system call: -1 and errno. */
static long call(struct node *node, enum op op, struct message *message, void *answer, size_t room) {
  pthread_mutex_lock(&node->turn);
  long result = ask(node->connection, op, message, answer, room);
  pthread_mutex_unlock(&node->turn);
  return result < 0 ? fail((int)-result) : result;
}

static int connect_to_rig(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(socket_path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, socket_path);
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return -errno;
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) return connection;
  real.close(connection);
  return -ENXIO;
}

/* A connection that was greeted with `op` and a path, or -errno. */
static int connect_about(enum op op, const char *path, struct inode *inode) {
  struct message message;
  int connection = connect_to_rig();
  if (connection < 0 || !begin(&message, strlen(path))) return connection < 0 ? connection : -ENOMEM;
  put(&message, path, strlen(path));
  long result = ask(connection, op, &message, inode, sizeof *inode);
  if (result >= 0) return connection;
  real.close(connection);
  return (int)result;
}

/* ---- Opening and closing ---- */

static int register_node(int fd, enum kind kind, int connection, const char *path) {
  if (fd >= NODES) {
    real.close(fd);
    if (connection != fd) real.close(connection);
    return fail(EMFILE);
  }
  struct node *node = &nodes[fd];
  node->connection = connection;
  strncpy(node->path, path, sizeof node->path - 1);
  node->kind = kind;
  return fd;
}

static void *carry_edges(void *argument) {
  struct node *node = argument;
  char edge;
  while (receive_all(node->edges, &edge, 1)) send(node->far_end, &edge, 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
  return NULL;
}

/* A value file of sysfs: reads go over `connection`, poll sees the fd's own state. */
static int open_value(const char *path, int connection) {
  struct inode unused;
  int ends[2], edges = connect_about(OP_PRIORITY, path, &unused);
  if (edges < 0) return real.close(connection), fail(-edges);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  int fd = register_node(ends[0], KIND_VALUE, connection, path);
  if (fd < 0) return -1;
  struct node *node = &nodes[fd];
  node->edges = edges;
  node->far_end = ends[1];
  sigset_t all, before; /* signals are for the threads of the process, not for ours */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_create(&node->courier, NULL, carry_edges, node);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return fd;
}

static bool is_value(const char *path) {
  return strncmp(path, "/sys/", 5) == 0 && strcmp(strrchr(path, '/'), "/value") == 0;
}

static int open_node(const char *path) {
  struct inode inode = {0};
  int connection = connect_about(OP_OPEN, path, &inode);
  if (connection < 0) return fail(-connection);
  enum kind kind = strncmp(path, "/dev/gpiochip", 13) == 0 ? KIND_CHIP : KIND_DEVICE;
  int fd = is_value(path) ? open_value(path, connection) : register_node(connection, kind, connection, path);
  if (fd >= 0) nodes[fd].inode = inode;
  return fd;
}

/* Forgets the fd before it is closed: the next one to open may get its number. */
static int close_node(struct node *node, int fd) {
  pthread_mutex_lock(&node->turn);
  int connection = node->connection;
  if (node->kind == KIND_VALUE) {
    shutdown(node->edges, SHUT_RDWR);
    pthread_join(node->courier, NULL);
    real.close(node->edges);
    real.close(node->far_end);
  }
  node->kind = KIND_NONE;
  pthread_mutex_unlock(&node->turn);
  if (connection != fd) real.close(connection);
  return real.close(fd);
}

/* ---- Reading and writing ---- */

/* Reading a value takes note of its edges. An edge that another one overtook is in band. */
static void clear_edges(int fd) {
  char edges[64];
  recv(fd, edges, 1, MSG_OOB | MSG_DONTWAIT);
  while (recv(fd, edges, sizeof edges, MSG_DONTWAIT) > 0) continue;
}

static ssize_t read_node(struct node *node, int fd, void *bytes, size_t count, uint32_t offset) {
  struct message message;
  uint32_t most = count > LARGEST_BODY ? LARGEST_BODY : (uint32_t)count;
  if (node->kind == KIND_CHIP) return fail(EINVAL);
  if (node->kind == KIND_LINES) {
    size_t whole = count - count % sizeof(struct gpio_v2_line_event);
    return whole == 0 ? fail(EINVAL) : real.read(fd, bytes, whole);
  }
  if (node->kind == KIND_VALUE) clear_edges(fd);
  if (!begin(&message, 8)) return fail(ENOMEM);
  put_u32(&message, most);
  put_u32(&message, offset);
  return call(node, OP_READ, &message, bytes, count);
}

static ssize_t write_node(struct node *node, const void *bytes, size_t count) {
  struct message message;
  size_t most = count > LARGEST_BODY ? LARGEST_BODY : count;
  if (node->kind == KIND_CHIP || node->kind == KIND_LINES) return fail(EINVAL);
  if (!begin(&message, most)) return fail(ENOMEM);
  put(&message, bytes, most);
  return call(node, OP_WRITE, &message, NULL, 0);
}

/* ---- ioctl, by kind of argument ---- */

static int ioctl_number(struct node *node, unsigned long request, unsigned long value) {
  struct message message;
  if (!begin(&message, 8)) return fail(ENOMEM);
  put_u32(&message, (uint32_t)request);
  put_u32(&message, value > UINT32_MAX ? UINT32_MAX : (uint32_t)value);
  return (int)call(node, OP_IOCTL, &message, NULL, 0);
}

static int ioctl_struct(struct node *node, unsigned long request, void *argument, size_t size) {
  struct message message;
  if (!begin(&message, 4 + size)) return fail(ENOMEM);
  put_u32(&message, (uint32_t)request);
  put(&message, argument, size);
  return (int)call(node, OP_STRUCT, &message, argument, size);
}

static int ioctl_smbus(struct node *node, struct i2c_smbus_ioctl_data *access) {
  struct message message;
  union i2c_smbus_data block = {0};
  /* A quick command and a written byte have no data; of a short kind only its own bytes may be touched. */
  size_t size = access->size == I2C_SMBUS_BYTE || access->size == I2C_SMBUS_BYTE_DATA ? 1
                : access->size == I2C_SMBUS_WORD_DATA || access->size == I2C_SMBUS_PROC_CALL ? 2
                                                                                             : sizeof block;
  if (access->data != NULL) memcpy(&block, access->data, size);
  if (!begin(&message, 4 + sizeof block)) return fail(ENOMEM);
  put(&message, &access->read_write, 1);
  put(&message, &access->command, 1);
  put(&message, &(uint16_t){(uint16_t)access->size}, 2);
  put(&message, &block, sizeof block);
  int result = (int)call(node, OP_SMBUS, &message, &block, sizeof block);
  bool has_answer = result >= 0 && access->read_write == I2C_SMBUS_READ && access->data != NULL;
  if (has_answer) memcpy(access->data, &block, size);
  return result;
}

static int ioctl_rdwr(struct node *node, struct i2c_rdwr_ioctl_data *access) {
  struct message message;
  size_t written = 0, expected = 0;
  if (access->nmsgs > I2C_RDWR_IOCTL_MAX_MSGS) return fail(EINVAL);
  for (uint32_t i = 0; i < access->nmsgs; i++) {
    if (access->msgs[i].flags & I2C_M_RD) expected += access->msgs[i].len;
    else written += access->msgs[i].len;
  }
  char *answer = malloc(expected + 1);
  if (answer == NULL || !begin(&message, 4 + access->nmsgs * 6 + written)) return fail(ENOMEM);
  put_u32(&message, access->nmsgs);
  for (uint32_t i = 0; i < access->nmsgs; i++) put(&message, &access->msgs[i], 6); /* addr, flags, len */
  for (uint32_t i = 0; i < access->nmsgs; i++) {
    if (!(access->msgs[i].flags & I2C_M_RD)) put(&message, access->msgs[i].buf, access->msgs[i].len);
  }
  int result = (int)call(node, OP_RDWR, &message, answer, expected);
  for (size_t i = 0, at = 0; result >= 0 && i < access->nmsgs; i++) {
    if (!(access->msgs[i].flags & I2C_M_RD)) continue;
    memcpy(access->msgs[i].buf, answer + at, access->msgs[i].len);
    at += access->msgs[i].len;
  }
  free(answer);
  return result;
}

static int ioctl_spi(struct node *node, const struct spi_ioc_transfer *transfers, size_t size) {
  struct message message;
  size_t sent = 0, expected = 0;
  if (size % sizeof *transfers != 0) return fail(EINVAL);
  uint32_t count = (uint32_t)(size / sizeof *transfers);
  for (uint32_t i = 0; i < count; i++) {
    if (transfers[i].len > LARGEST_BODY) return fail(EMSGSIZE);
    sent += transfers[i].tx_buf != 0 ? transfers[i].len : 0;
    expected += transfers[i].rx_buf != 0 ? transfers[i].len : 0;
  }
  char *answer = malloc(expected + 1);
  if (answer == NULL || !begin(&message, 4 + size + sent)) return fail(ENOMEM);
  put_u32(&message, count);
  put(&message, transfers, size);
  for (uint32_t i = 0; i < count; i++) {
    if (transfers[i].tx_buf != 0) put(&message, (const void *)(uintptr_t)transfers[i].tx_buf, transfers[i].len);
  }
  int result = (int)call(node, OP_SPI, &message, answer, expected);
  for (size_t i = 0, at = 0; result >= 0 && i < count; i++) {
    if (transfers[i].rx_buf == 0) continue;
    memcpy((void *)(uintptr_t)transfers[i].rx_buf, answer + at, transfers[i].len);
    at += transfers[i].len;
  }
  free(answer);
  return result;
}

/*
 * Requests lines: their fd is a connection that carries nothing but events, so that read, poll and epoll are the
 * kernel's own; what is asked of the lines goes over a second connection.
 */
static int ioctl_lines(struct node *chip, struct gpio_v2_line_request *lines) {
  struct message message;
  uint32_t ticket = 0;
  int connection = connect_to_rig(), events = connect_to_rig();
  long result = connection < 0 ? connection : events < 0 ? events : 0;
  if (result == 0 && begin(&message, sizeof *lines + sizeof chip->path)) {
    put(&message, lines, sizeof *lines);
    put(&message, chip->path, strlen(chip->path));
    result = ask(connection, OP_LINE, &message, &ticket, sizeof ticket);
  }
  if (result >= 0 && begin(&message, sizeof ticket)) {
    put_u32(&message, ticket);
    result = ask(events, OP_EVENTS, &message, NULL, 0);
  }
  if (result < 0) {
    if (connection >= 0) real.close(connection);
    if (events >= 0) real.close(events);
    return fail((int)-result);
  }
  lines->fd = register_node(events, KIND_LINES, connection, chip->path);
  return lines->fd < 0 ? -1 : 0;
}

static int ioctl_node(struct node *node, unsigned long request, void *argument) {
  request &= UINT32_MAX; /* callers that keep it in an int extend its sign */
  if (node->kind == KIND_CHIP && request == GPIO_V2_GET_LINE_IOCTL) return ioctl_lines(node, argument);
  if (strncmp(node->path, "/dev/spidev", 11) == 0 && _IOC_NR(request) == 0 && _IOC_DIR(request) == _IOC_WRITE)
    return ioctl_spi(node, argument, _IOC_SIZE(request));
  if (_IOC_SIZE(request) > 0) return ioctl_struct(node, request, argument, _IOC_SIZE(request));
  switch (request) {
    case I2C_SMBUS: return ioctl_smbus(node, argument);
    case I2C_RDWR: return ioctl_rdwr(node, argument);
    case I2C_FUNCS: return ioctl_struct(node, request, argument, sizeof(unsigned long));
    default: return ioctl_number(node, request, (unsigned long)argument);
  }
}

/* ---- What a node looks like ---- */

static int inode_of(const char *path, struct inode *inode) {
  int connection = connect_about(OP_STAT, path, inode);
  if (connection < 0) return fail(-connection);
  real.close(connection);
  return 0;
}

static int fill_stat(const struct inode *inode, struct stat *status) {
  memset(status, 0, sizeof *status);
  status->st_mode = inode->mode;
  status->st_nlink = 1;
  status->st_rdev = makedev(inode->major, inode->minor);
  return 0;
}

static int fill_statx(const struct inode *inode, struct statx *status) {
  memset(status, 0, sizeof *status);
  status->stx_mask = STATX_BASIC_STATS;
  status->stx_mode = (uint16_t)inode->mode;
  status->stx_nlink = 1;
  status->stx_rdev_major = inode->major;
  status->stx_rdev_minor = inode->minor;
  return 0;
}

static void append(struct dirent ***entries, int count, const char *name) {
  *entries = realloc(*entries, ((size_t)count + 1) * sizeof **entries);
  struct dirent *entry = (*entries)[count] = calloc(1, sizeof *entry);
  entry->d_type = DT_UNKNOWN;
  memcpy(entry->d_name, name, strnlen(name, sizeof entry->d_name - 1));
}

static int list_path(const char *path, struct dirent ***entries) {
  struct message message;
  char names[4096] = {0};
  int connection = connect_to_rig(), count = 0;
  if (connection < 0 || !begin(&message, strlen(path))) return fail(connection < 0 ? -connection : ENOMEM);
  put(&message, path, strlen(path));
  long result = ask(connection, OP_LIST, &message, names, sizeof names - 2);
  real.close(connection);
  if (result < 0) return fail((int)-result);
  *entries = NULL;
  for (const char *name = names; *name != '\0'; name += strlen(name) + 1) append(entries, count++, name);
  return count;
}

static int stat_path(const char *path, struct stat *status) {
  struct inode inode;
  return inode_of(path, &inode) < 0 ? -1 : fill_stat(&inode, status);
}

/* ---- The functions we stand for ---- */

/* The third argument is there when a file may be created; read anyway, it is only not used. */
#define MODE_OF(flags, mode)                \
  va_list arguments;                        \
  va_start(arguments, flags);               \
  mode_t mode = va_arg(arguments, mode_t);  \
  va_end(arguments);

int open(const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return is_ours(path) ? open_node(path) : real.open(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return is_ours(path) ? open_node(path) : real.openat(folder, path, flags, mode);
}

/* What open becomes in a program that was compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags) { return open(path, flags); }

int close(int fd) {
  struct node *node = node_of(fd);
  return node != NULL ? close_node(node, fd) : real.close(fd);
}

ssize_t read(int fd, void *bytes, size_t count) {
  struct node *node = node_of(fd);
  return node != NULL ? read_node(node, fd, bytes, count, NO_OFFSET) : real.read(fd, bytes, count);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  struct node *node = node_of(fd);
  return node != NULL ? write_node(node, bytes, count) : real.write(fd, bytes, count);
}

/* Node reads and writes devices at position 0; a device has no positions. */
ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) {
  struct node *node = node_of(fd);
  return node != NULL ? read_node(node, fd, bytes, count, (uint32_t)offset) : real.pread64(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  struct node *node = node_of(fd);
  return node != NULL ? write_node(node, bytes, count) : real.pwrite64(fd, bytes, count, offset);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  struct node *node = node_of(fd);
  return node != NULL ? ioctl_node(node, request, argument) : real.ioctl(fd, request, argument);
}

int access(const char *path, int mode) {
  struct inode inode;
  return is_ours(path) ? inode_of(path, &inode) : real.access(path, mode);
}

int faccessat(int folder, const char *path, int mode, int flags) {
  struct inode inode;
  return is_ours(path) ? inode_of(path, &inode) : real.faccessat(folder, path, mode, flags);
}

int stat(const char *path, struct stat *status) {
  return is_ours(path) ? stat_path(path, status) : real.stat(path, status);
}

int lstat(const char *path, struct stat *status) {
  return is_ours(path) ? stat_path(path, status) : real.lstat(path, status);
}

int fstat(int fd, struct stat *status) {
  struct node *node = node_of(fd);
  return node != NULL ? fill_stat(&node->inode, status) : real.fstat(fd, status);
}

int fstatat(int folder, const char *path, struct stat *status, int flags) {
  return is_ours(path) ? stat_path(path, status) : real.fstatat(folder, path, status, flags);
}

int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *status) {
  struct inode inode;
  bool is_of_fd = path != NULL && *path == '\0' && (flags & AT_EMPTY_PATH);
  struct node *node = is_of_fd ? node_of(folder) : NULL;
  if (node != NULL) return fill_statx(&node->inode, status);
  if (!is_ours(path)) return real.statx(folder, path, flags, mask, status);
  return inode_of(path, &inode) < 0 ? -1 : fill_statx(&inode, status);
}

/* How libuv lists a folder. The filter only leaves out `.` and `..`, which our folders do not have. */
int scandir(const char *path, struct dirent ***entries, int (*filter)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **)) {
  return is_ours(path) ? list_path(path, entries) : real.scandir(path, entries, filter, compare);
}

/* libuv closes files and looks at them by syscall(), not by the functions above. */
long syscall(long number, ...) {
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
  va_end(arguments);
  need_real();
  if (number == SYS_close) {
    struct node *node = node_of((int)a[0]);
    if (node != NULL) return close_node(node, (int)a[0]);
  }
  if (number == SYS_statx) return statx((int)a[0], (const char *)a[1], (int)a[2], (unsigned)a[3], (struct statx *)a[4]);
  return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* On a 64-bit system, where files are large anyway, these are two names of one function. */
_Static_assert(sizeof(long) == 8 && sizeof(struct stat) == sizeof(struct stat64), "a 64-bit system");
#define ALSO(name, other) __asm__(".globl " #other "\n.set " #other ", " #name)
ALSO(open, open64);
ALSO(openat, openat64);
ALSO(__open_2, __open64_2);
ALSO(pread64, pread);
ALSO(pwrite64, pwrite);
ALSO(stat, stat64);
ALSO(lstat, lstat64);
ALSO(fstat, fstat64);
ALSO(fstatat, fstatat64);
ALSO(scandir, scandir64);
