/*
 * stream: runs a model on a live series, one instant at a time.
 *
 *     sensor | stream MODEL.h5
 *
 * Every line of the input is one instant: the model's features, separated by spaces or commas. For each, one line of outputs is
 * printed at once. An empty line begins a new series, from a state of zero. Between two lines nothing is recomputed: the stream
 * keeps the network's state.
 */
#include <lstm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

/* Reads at most `room` numbers of a line; returns how many the line has, or -1 where something is no number. */
static long read_numbers(const char *line, float *numbers, size_t room) {
  for (size_t count = 0;; count++) {
    char *end;
    line += strspn(line, ", \t\r\n");
    if (*line == 0) return (long)count;
    float number = strtof(line, &end);
    if (end == line) return -1;
    if (count < room) numbers[count] = number;
    line = end;
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: stream MODEL.h5 < SERIES\n");
    return 2;
  }
  lstm_model *model;
  lstm_stream *stream;
  size_t features, outputs;
  check(lstm_model_load(argv[1], NULL, &model), "loading the model");
  check(lstm_stream_create(model, NULL, &stream), "preparing to stream");
  lstm_model_free(model); /* the stream keeps what it needs */
  check(lstm_stream_get_sizes(stream, &features, &outputs), "asking for the sizes");

  float *x = calloc(features + 1, sizeof *x), *y = calloc(outputs + 1, sizeof *y);
  static char line[1 << 16];
  int status = EXIT_SUCCESS;
  for (long number = 1; x && y && fgets(line, sizeof line, stdin); number++) {
    long found = read_numbers(line, x, features);
    if (found == 0) {
      check(lstm_stream_reset(stream), "beginning a new series");
      printf("\n");
      continue;
    }
    if (found < 0 || (size_t)found != features) {
      fprintf(stderr, "line %ld: %zu numbers are needed\n", number, features);
      status = EXIT_FAILURE;
      break;
    }
    /* From here on the library allocates nothing and waits for nothing: this call could stand in an audio or control loop. */
    check(lstm_stream_step(stream, x, features, y, outputs), "stepping");
    for (size_t i = 0; i < outputs; i++) printf("%s%.9g", i ? "," : "", (double)y[i]);
    printf("\n");
    fflush(stdout); /* whoever reads this lives in the same present */
  }
  free(x);
  free(y);
  lstm_stream_free(stream);
  return status;
}
