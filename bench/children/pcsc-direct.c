// The least that a PC/SC client can do, as a floor: each thread sends one command to its reader again and again.
//   pcsc-direct SECONDS COMMAND READER...   one JSON object: how many a second, and round trips in microseconds
//   pcsc-direct watch READER                a line with the time, in milliseconds since 1970, for each card that comes

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <winscard.h>

enum { MAX_READERS = 64, MAX_SAMPLES = 2000000 };

struct lane {
  const char *reader;
  double *us;
  long count;
};

static BYTE command[512];
static DWORD command_length;
static double ends_at;
static pthread_barrier_t barrier;

static double now_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void check(LONG code, const char *what) {
  if (code == SCARD_S_SUCCESS) return;
  fprintf(stderr, "%s: %s\n", what, pcsc_stringify_error(code));
  exit(1);
}

static void *drive(void *argument) {
  struct lane *lane = argument;
  SCARDCONTEXT context;
  SCARDHANDLE card;
  DWORD protocol;
  check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context), "SCardEstablishContext");
  check(SCardConnect(context, lane->reader, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol),
        "SCardConnect");
  const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
  for (int warm = 20; warm >= 0; warm--) {
    if (warm == 0) pthread_barrier_wait(&barrier);
    do {
      BYTE answer[MAX_BUFFER_SIZE];
      DWORD length = sizeof answer;
      double start = now_us();
      check(SCardTransmit(card, pci, command, command_length, NULL, answer, &length), "SCardTransmit");
      if (warm == 0 && lane->count < MAX_SAMPLES) lane->us[lane->count++] = now_us() - start;
    } while (warm == 0 && now_us() < ends_at);
  }
  SCardDisconnect(card, SCARD_UNPOWER_CARD);
  SCardReleaseContext(context);
  return NULL;
}

static _Noreturn void watch(const char *reader) {
  SCARDCONTEXT context;
  check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context), "SCardEstablishContext");
  SCARD_READERSTATE state = {.szReader = reader, .dwCurrentState = SCARD_STATE_UNAWARE};
  for (;;) {
    check(SCardGetStatusChange(context, INFINITE, &state, 1), "SCardGetStatusChange");
    int came = (state.dwEventState & SCARD_STATE_PRESENT) && !(state.dwCurrentState & SCARD_STATE_PRESENT);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    if (came) printf("%.3f\n", tv.tv_sec * 1e3 + tv.tv_usec / 1e3);
    fflush(stdout);
    state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
  }
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "watch") == 0) watch(arguments[2]);
  if (count < 4 || count - 3 > MAX_READERS || strlen(arguments[2]) / 2 > sizeof command) return 64;
  int readers = count - 3;
  for (const char *hex = arguments[2]; *hex != 0; hex += 2) sscanf(hex, "%2hhx", &command[command_length++]);
  struct lane lanes[MAX_READERS] = {0};
  pthread_t threads[MAX_READERS];
  pthread_barrier_init(&barrier, NULL, readers + 1);
  ends_at = now_us() + 1e12;
  for (int n = 0; n < readers; n++) {
    lanes[n] = (struct lane){.reader = arguments[3 + n], .us = malloc(MAX_SAMPLES * sizeof(double))};
    pthread_create(&threads[n], NULL, drive, &lanes[n]);
  }
  double start = now_us();
  ends_at = start + 1e6 * atof(arguments[1]) + 1e6;
  pthread_barrier_wait(&barrier);
  start = now_us();
  ends_at = start + 1e6 * atof(arguments[1]);
  long total = 0;
  for (int n = 0; n < readers; n++) {
    pthread_join(threads[n], NULL);
    total += lanes[n].count;
  }
  printf("{\"rate\":%.1f,\"roundTripsUs\":[", total * 1e6 / (now_us() - start));
  for (int n = 0, first = 1; n < readers; n++)
    for (long k = 0; k < lanes[n].count; k++, first = 0) printf(first ? "%.1f" : ",%.1f", lanes[n].us[k]);
  printf("]}\n");
  return 0;
}
