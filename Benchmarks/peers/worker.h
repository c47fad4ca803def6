/* What a program that is measured does: it waits for lines on its standard input and answers each with one line.
 *
 *     check PATH   computes from a fresh state and writes the numbers to PATH      → ok
 *     run COUNT    does the work COUNT times                                      → the seconds that took, by the wall clock
 *     (the end)    ends                                                                                                        */
#ifndef LSTM_BENCHMARKS_WORKER_H
#define LSTM_BENCHMARKS_WORKER_H

#include <stddef.h>
#include <stdint.h>

/* What a job says, from the command line: kind cell model x y inputs units batch steps layers directions threads weights. */
typedef struct {
  const char *kind, *cell, *model, *x, *y;
  int inputs, units, batch, steps, layers, directions, threads;
  const char *weights;
} job;

job read_job(int count, char **words);
/* So many numbers from a file of float32; ends the program if there are fewer. Aligned to 64 bytes. */
float *read_numbers(const char *path, size_t count);
void write_numbers(const char *path, const float *numbers, size_t count);
float *numbers(size_t count);
_Noreturn void fail(const char *what, const char *why);

/* Each program gives these two. */
void work(int64_t count);
void check_work(const char *path);

int serve(void);

#endif
