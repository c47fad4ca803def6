#define _GNU_SOURCE
#include "CSupport.h"

#include <pthread.h>

int lstm_support_cpu_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2")) return 0;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return 3;
  return 4;
#else
  return 0;
#endif
}

int lstm_support_meets_whole(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  /* Of this family Zen 4 alone has 512-bit vectors; older compilers' libraries do not know its own name. */
  return __builtin_cpu_is("amdfam19h") != 0;
#else
  return 0;
#endif
}

int lstm_support_processor(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

static int forks;

static void count_fork(void) { forks++; }

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(0, 0, count_fork); }

int lstm_support_forks(void) { return forks; }

char *lstm_support_message(void) {
  static _Thread_local char message[LSTM_SUPPORT_MESSAGE_BYTES];
  return message;
}
