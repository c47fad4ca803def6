#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

struct out out;
static struct out untouched;
static int passed, failed;
static const char *program, *at_words = "?", *at_file = "?";
static int at_line;

int check_that(int holds, const char *words, const char *file, int line) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("%s:%d: failed: %s\n", file, line, words);
    if (*lstm_last_error()) printf("    last error: %s\n", lstm_last_error());
    fflush(stdout);
  }
  return holds;
}

int check_refused(lstm_status found, lstm_status wanted, const char *words, const char *file, int line) {
  int right = found == wanted, said = strlen(lstm_last_error()) >= 10, kept = memcmp(&out, &untouched, sizeof out) == 0;
  check_that(right && said && kept, words, file, line);
  if (!right) printf("    gave %s, expected %s\n", lstm_status_name(found), lstm_status_name(wanted));
  if (!said) printf("    without a sentence\n");
  if (!kept) printf("    wrote to its outputs\n");
  return right && said && kept;
}

int check_answers(lstm_status found, const char *words, const char *file, int line) {
  int said = *lstm_last_error() != 0;
  int known = found <= LSTM_OK && found > LSTM_ERROR_INTERNAL;
  return check_that(known && said == (found != LSTM_OK), words, file, line);
}

void check_at(const char *words, const char *file, int line) {
  at_words = words;
  at_file = file;
  at_line = line;
}

void fill_out(void) {
  static lstm_array array;
  memset(&untouched, 0xA5, sizeof untouched);
  lstm_array_init(&array);
  untouched.array = array;
  lstm_model_info_init(&untouched.model_info);
  lstm_tensor_info_init(&untouched.tensor_info);
  lstm_layer_info_init(&untouched.layer_info);
  lstm_weight_info_init(&untouched.weight_info);
  lstm_state_info_init(&untouched.state_info);
  lstm_series_info_init(&untouched.series_info);
  memcpy(&out, &untouched, sizeof out);
}

#ifndef SANITIZED
static void died(int number) {
  char text[1024];
  int length = snprintf(text, sizeof text, "%s:%d: %s: died of signal %d in: %s\n", at_file, at_line, program, number, at_words);
  if (write(STDOUT_FILENO, text, (size_t)length) < 0) _exit(1);
  signal(number, SIG_DFL);
  raise(number);
}
#endif

void begin(const char *name) {
  program = name;
#ifndef SANITIZED
  const int deadly[] = {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGTRAP, SIGABRT};
  for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], died);
#endif
}

int finish(void) {
  printf("%s: %d passed, %d failed\n", program, passed, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

const char *fixture(const char *name) {
  static char path[4096];
  const char *folder = getenv("FIXTURES");
  snprintf(path, sizeof path, "%s/keras/%s", folder ? folder : "Tests/Fixtures", name);
  return path;
}

lstm_model *load_fixture(const char *name) {
  lstm_model *model = NULL;
  check_at("lstm_model_load", __FILE__, __LINE__);
  if (lstm_model_load(fixture(name), NULL, &model) != LSTM_OK) {
    printf("%s: %s does not load: %s\n", program, fixture(name), lstm_last_error());
    exit(EXIT_FAILURE);
  }
  return model;
}

lstm_array float_array(float *data, int32_t rank, int64_t a, int64_t b, int64_t c) {
  lstm_array array;
  lstm_array_init(&array);
  array.rank = rank;
  array.shape[0] = a;
  array.shape[1] = b;
  array.shape[2] = c;
  array.data = data;
  return array;
}

void fill_floats(float *values, size_t count, unsigned seed) {
  unsigned x = seed * 2654435761u + 12345u;
  for (size_t i = 0; i < count; i++) {
    x = x * 1664525u + 1013904223u;
    values[i] = (float)(x >> 8) / 8388608.0f - 1.0f;
  }
}

int thread_count(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return -1;
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}
