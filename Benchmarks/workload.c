/* One of five fixed workloads, for counting instructions: workload MODELS NAME COUNT. What happens once is in the count of COUNT = 0. */
#include "lstm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(lstm_status status) {
  if (status != LSTM_OK) fprintf(stderr, "%s\n", lstm_last_error());
  return status != LSTM_OK;
}

int main(int count, char **words) {
  if (count < 4) return 2;
  /* name, model, rows (0: a stream), features, units, steps */
  static const struct { const char *name, *model; int rows, features, units, steps; } all[] = {
      {"stream-lstm-8", "lstm_1_8", 0, 1, 8, 0},         {"stream-lstm-64", "lstm_1_64", 0, 1, 64, 0},
      {"stream-gru-32", "gru_8_32", 0, 8, 32, 0},        {"sequence-lstm-32", "lstm_16_32_seq", 1, 16, 32, 20},
      {"batch-lstm-128", "lstm_64_128_seq", 8, 64, 128, 10},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (strcmp(all[i].name, words[2])) continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.h5", words[1], all[i].model);
    lstm_model *model;
    if (failed(lstm_model_load(path, NULL, &model))) return 1;
    int rows = all[i].rows, steps = all[i].steps, bad = 0;
    size_t in = (size_t)all[i].features * (size_t)(rows ? rows * steps : 1), out = (size_t)all[i].units * (size_t)(rows ? rows * steps : 1);
    float *x = calloc(in, sizeof *x), *y = calloc(out, sizeof *y);
    for (size_t k = 0; k < in; k++) x[k] = (float)(k % 13) / 7.0f - 1.0f;
    if (rows) {
      lstm_session *session;
      bad = failed(lstm_session_create(model, NULL, &session)) || failed(lstm_session_predict_float(session, x, rows, steps, y, out));
      for (int k = 0; k < atoi(words[3]) && !bad; k++) bad = failed(lstm_session_predict_float(session, x, rows, steps, y, out));
      lstm_session_free(session);
    } else {
      lstm_stream *stream;
      bad = failed(lstm_stream_create(model, NULL, &stream));
      for (int k = 0; k < atoi(words[3]) && !bad; k++) bad = failed(lstm_stream_step(stream, x, in, y, out));
      lstm_stream_free(stream);
    }
    lstm_model_free(model);
    free(x);
    free(y);
    return bad;
  }
  return 2;
}
