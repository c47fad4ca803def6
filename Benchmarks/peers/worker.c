#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

job read_job(int count, char **words) {
  if (count != 14) fail(words[0], "kind cell model x y inputs units batch steps layers directions threads weights");
  job it = {words[1], words[2], words[3], words[4], words[5], atoi(words[6]), atoi(words[7]), atoi(words[8]), atoi(words[9]), atoi(words[10]),
            atoi(words[11]), atoi(words[12]), words[13]};
  return it;
}

float *numbers(size_t count) {
  float *result = aligned_alloc(64, (count * sizeof *result + 63) / 64 * 64 + 64);
  if (!result) fail("memory", "there is not so much");
  memset(result, 0, count * sizeof *result);
  return result;
}

float *read_numbers(const char *path, size_t count) {
  float *result = numbers(count);
  FILE *file = fopen(path, "rb");
  if (!file || fread(result, sizeof *result, count, file) != count) fail(path, "cannot be read, or is too short");
  fclose(file);
  return result;
}

void write_numbers(const char *path, const float *from, size_t count) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(from, sizeof *from, count, file) != count || fclose(file)) fail(path, "cannot be written");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int serve(void) {
  char line[4200];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "check ", 6)) {
      check_work(line + 6);
      puts("ok");
    } else if (!strncmp(line, "run ", 4)) {
      int64_t count = atoll(line + 4);
      double start = now();
      work(count);
      printf("%.9f\n", now() - start);
    } else {
      fail(line, "is no command");
    }
    fflush(stdout);
  }
  return 0;
}
