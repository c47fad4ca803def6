/* Speed of the library over its C interface, beside what the machine allows, measured in turns in the same run.
 *
 * Usage: bench MODELS [WORD…]   Rows whose name holds every word are run. Times are the least of many short repeats, of the thread's own clock where
 * there is one thread: on a shared machine that is the figure that repeats. `limit` is the greater of reading the weights from the cache that holds them and the multiply-adds at peak. */
#define _GNU_SOURCE
#include "lstm.h"
#include "roofline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ROUNDS = 25, STEPS = 100 };

typedef struct {
  const char *kind, *cell, *suffix;
  int inputs, units, batch, layers, directions, threads, weights;
} row;

static int selected(const char *name, int count, char **words) {
  for (int i = 0; i < count; i++)
    if (!strstr(name, words[i])) return 0;
  return 1;
}

static void check(lstm_status status, const char *what) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", what, lstm_last_error());
  exit(1);
}

static void *numbers(size_t count) {
  float *result = NULL;
  if (posix_memalign((void **)&result, 64, (count * sizeof(float) + 63) / 64 * 64)) exit(1);
  unsigned state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    result[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
  return result;
}

static lstm_model *load(const char *folder, const row *it) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s_%d_%d%s.h5", folder, it->cell, it->inputs, it->units, it->suffix);
  lstm_model *model;
  check(lstm_model_load(path, NULL, &model), path);
  return model;
}

/* What is timed: `amount` steps of a stream, or predictions. */
typedef struct {
  lstm_stream *stream;
  lstm_session *session;
  float *x, *y;
  size_t x_count, y_count;
  int batch, period;
} work;

static void run(const work *it, int64_t amount) {
  lstm_status all = LSTM_OK;
  if (it->stream) {
    for (int64_t i = 0; i < amount; i++) all |= lstm_stream_step(it->stream, it->x + (i % it->period) * (int64_t)it->x_count, it->x_count, it->y, it->y_count);
  } else {
    for (int64_t i = 0; i < amount; i++) all |= lstm_session_predict_float(it->session, it->x, it->batch, STEPS, it->y, it->y_count);
  }
  check(all, "a step");
}

static double time_of(const work *it, int64_t amount) {
  double start = now();
  run(it, amount);
  return (now() - start) / (double)amount;
}

/* Seconds for one pass over so many bytes of weights, for so many multiply-adds. */
static double limit(const float *buffer, double bytes, double flops, int threads) {
  double share = bytes / threads;
  int64_t rounds = (int64_t)(10e6 / (share + 1e3)) + 1, loops = 4000;
  if (share >= 64) run_read(buffer, (size_t)share / 64 * 64, 1); /* the caches take it in */
  double start = now();
  if (share >= 64) run_read(buffer, (size_t)share / 64 * 64, rounds);
  double reading = (now() - start) / (double)rounds;
  start = now();
  double made = run_flops(loops);
  double computing = flops / threads * (now() - start) / made;
  return reading > computing ? reading : computing;
}

static void bench(const char *folder, const row *it, const char *name) {
  /* One thread is timed by its own clock, which stands still while others have the processor. */
  count_own_time(it->threads == 1);
  lstm_model *model = load(folder, it);
  work job = {0};
  int gates = it->cell[0] == 'l' ? 4 : it->cell[0] == 'g' ? 3 : 1, is_stream = !strcmp(it->kind, "stream");
  job.batch = it->batch;
  if (is_stream) {
    lstm_stream_options options;
    lstm_stream_options_init(&options);
    options.threads = it->threads;
#ifdef LSTM_WEIGHTS_BF16
    options.weights = it->weights;
#endif
    check(lstm_stream_create(model, &options, &job.stream), name);
    check(lstm_stream_get_sizes(job.stream, &job.x_count, &job.y_count), name);
    job.period = 64;
    job.x = numbers(job.x_count * (size_t)job.period);
  } else {
    lstm_session_options options;
    lstm_session_options_init(&options);
    options.threads = it->threads;
#ifdef LSTM_WEIGHTS_BF16
    options.weights = it->weights;
#endif
    check(lstm_session_create(model, &options, &job.session), name);
    job.x = numbers((size_t)(it->batch * STEPS * it->inputs));
    job.y_count = (size_t)(it->batch * STEPS * it->units * it->directions);
  }
  job.y = numbers(job.y_count);
  /* The second layer reads the first one's units. */
  double perLayer[2] = {it->inputs, (double)it->units * it->directions}, weights = 0, input = 0;
  for (int layer = 0; layer < it->layers; layer++) {
    weights += (double)it->directions * gates * it->units * it->units;
    input += (double)it->directions * gates * it->units * perLayer[layer > 0];
  }
  double width = it->weights == 1 ? 2 : it->weights >= 2 ? 1 : 4;
  /* A sequence reads the recurrent weights at each step; its input product is one large product. */
  double bytes = is_stream ? (weights + input) * width : weights * width;
  double flops = is_stream ? 0 : 2 * (weights + input) * it->batch;
  float *buffer = numbers((size_t)((weights + input)) + 64);
  run(&job, is_stream ? 200 : 2);
  double once = time_of(&job, is_stream ? 100 : 1);
  int64_t amount = (int64_t)(1.5e-3 / once) + 1;
  double least = 1e9, floor = 1e9, all[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    double mine = all[round] = time_of(&job, amount), its = limit(buffer, bytes, flops, it->threads);
    if (mine < least) least = mine;
    if (its < floor) floor = its;
    if (round > 6 && round * once * (double)amount > 3) break;
  }
  if (!is_stream) {
    least /= STEPS;
    if (it->batch == 1) {  /* the input product at peak, then the weights once a step */
      double of_input = limit(buffer, 0, 2 * input, it->threads), of_rest = limit(buffer, bytes, 0, it->threads);
      floor = of_input + of_rest;
    }
  }
  double scale = is_stream ? 1e9 : 1e6 * STEPS;
  printf("%-44s %12.1f %s %12.1f %s %6.2f\n", name, least * scale, is_stream ? "ns" : "us", floor * scale, is_stream ? "ns" : "us", floor / least);
  fflush(stdout);
  free(buffer);
  free(job.x);
  free(job.y);
  lstm_stream_free(job.stream);
  lstm_session_free(job.session);
  lstm_model_free(model);
}

/* A training step: LSTM, Dense at its last step, mean squared error, Adam. The limit is its three products (the input's gradient is not wanted) at
 * the peak of multiply-adds. */
static void bench_train(const char *folder, const row *it, int steps, const char *name) {
  count_own_time(it->threads == 1);
  lstm_model *model = load(folder, it);
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.001}}}";
  options.threads = it->threads;
#ifdef LSTM_WEIGHTS_BF16
  options.weights = it->weights;
#endif
  lstm_trainer *trainer;
  check(lstm_trainer_create(model, &options, &trainer), name);
  float *x = numbers((size_t)(it->batch * steps * it->inputs)), *y = numbers((size_t)it->batch);
  lstm_array in, target;
  lstm_array_init(&in);
  lstm_array_init(&target);
  in.rank = 3, in.shape[0] = it->batch, in.shape[1] = steps, in.shape[2] = it->inputs, in.data = x;
  target.rank = 2, target.shape[0] = it->batch, target.shape[1] = 1, target.data = y;
  const lstm_array *inputs[] = {&in}, *targets[] = {&target};
  lstm_batch batch;
  lstm_batch_init(&batch);
  batch.inputs = inputs, batch.input_count = 1, batch.targets = targets, batch.target_count = 1;
  double flops = 8.0 * it->units * (3.0 * it->units + 2.0 * it->inputs) * it->batch * steps, least = 1e9, floor = 1e9, begun = now();
  for (int round = 0; round < ROUNDS && (round < 4 || now() - begun < 4); round++) {
    double start = now();
    check(lstm_trainer_train_batch(trainer, &batch, NULL, 0), name);
    double mine = now() - start, its = limit(x, 0, flops / 1000, it->threads) * 1000;
    if (round > 0 && mine < least) least = mine;
    if (its < floor) floor = its;
  }
  printf("%-44s %12.1f us %12.1f us %6.2f\n", name, least * 1e6, floor * 1e6, floor / least);
  fflush(stdout);
  free(x);
  free(y);
  lstm_trainer_free(trainer);
  lstm_model_free(model);
}

static void bench_load(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/lstm_16_64.h5", folder);
  double least = 1e9;
  float x[16 * STEPS] = {0}, y[64];
  for (int round = 0; round < 10; round++) {
    double start = now();
    lstm_model *model;
    lstm_session *session;
    check(lstm_model_load(path, NULL, &model), path);
    check(lstm_session_create(model, NULL, &session), path);
    check(lstm_session_predict_float(session, x, 1, STEPS, y, 64), path);
    lstm_session_free(session);
    lstm_model_free(model);
    if (now() - start < least) least = now() - start;
  }
  printf("%-44s %12.1f us\n", "load + first prediction, LSTM 16 64, warm", least * 1e6);
}

static size_t heap_now(void);

static void bench_memory(const char *folder) {
  row it = {"stream", "lstm", "", 1, 64, 1, 1, 1, 1, 0};
  enum { MANY = 1000 };
  static lstm_stream *streams[MANY];
  lstm_model *model = load(folder, &it);
  check(lstm_stream_create(model, NULL, &streams[0]), "a stream");
  size_t before = heap_now();
  for (int i = 1; i < MANY; i++) check(lstm_stream_create(model, NULL, &streams[i]), "a stream");
  size_t after = heap_now();
  printf("%-44s %12.0f bytes\n", "memory of a further stream, LSTM 1 64", (double)(after - before) / (MANY - 1));
  for (int i = 0; i < MANY; i++) lstm_stream_free(streams[i]);
  lstm_model_free(model);
}

#include <malloc.h>
static size_t heap_now(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

int main(int count, char **words) {
  if (count < 2) {
    fprintf(stderr, "usage: bench MODELS [WORD…]\n");
    return 2;
  }
  static const int steps[][2] = {{1, 8}, {1, 16}, {1, 20}, {8, 32}, {1, 40}, {1, 64}, {16, 128}, {40, 256}, {64, 512}, {128, 1024}};
  static const int gru[][2] = {{1, 16}, {8, 32}, {16, 128}, {40, 256}};
  static const int sequences[][2] = {{16, 32}, {64, 128}, {128, 256}, {256, 512}, {512, 1024}};
  static const char *const widths[] = {"", " bf16", " int8", " w8a8"};
  row rows[400];
  int total = 0;
#ifdef LSTM_WEIGHTS_BF16
  int kinds = 4;
#else
  int kinds = 1;
#endif
  for (int weights = 0; weights < kinds; weights++)
    for (int threads = 1; threads <= 2; threads++)
      for (int i = 0; i < 10; i++) rows[total++] = (row){"stream", "lstm", "", steps[i][0], steps[i][1], 1, 1, 1, threads, weights};
  for (int weights = 0; weights < kinds; weights++)
    for (int threads = 1; threads <= 2; threads++)
      for (int i = 0; i < 4; i++) rows[total++] = (row){"stream", "gru", "", gru[i][0], gru[i][1], 1, 1, 1, threads, weights};
  for (int threads = 1; threads <= 2; threads++)
    for (int i = 0; i < 4; i++) {
      rows[total++] = (row){"stream", "gru", "_before", gru[i][0], gru[i][1], 1, 1, 1, threads, 0};
      rows[total++] = (row){"stream", "rnn", "", gru[i][0], gru[i][1], 1, 1, 1, threads, 0};
    }
  for (int weights = 0; weights < kinds; weights++)
    for (int threads = 1; threads <= 2; threads++)
      for (int i = 0; i < 5; i++)
        for (int batch = 1; batch <= 32; batch += 31)
          rows[total++] = (row){"seq", "lstm", "_seq", sequences[i][0], sequences[i][1], batch, 1, 1, threads, weights};
  for (int threads = 1; threads <= 2; threads++)
    for (int batch = 1; batch <= 32; batch += 31) {
      rows[total++] = (row){"seq", "lstm", "_x2_seq", 128, 256, batch, 2, 1, threads, 0};
      rows[total++] = (row){"seq", "lstm", "_bi_seq", 128, 256, batch, 1, 2, threads, 0};
      rows[total++] = (row){"seq", "gru", "_seq", 128, 256, batch, 1, 1, threads, 0};
    }
  for (int threads = 1; threads <= 2; threads++)
    for (int i = 0; i < 4; i++)
      for (int batch = 1; batch <= 32; batch += 31) {
        rows[total++] = (row){"seq", "rnn", "_seq", sequences[i][0], sequences[i][1], batch, 1, 1, threads, 0};
        rows[total++] = (row){"seq", "gru", "_before_seq", sequences[i][0], sequences[i][1], batch, 1, 1, threads, 0};
      }
  printf("liblstm %s, kernels %s; this program's vectors hold %d floats\n", lstm_version(), lstm_cpu(), vector_floats());
  printf("%-44s %15s %15s %6s\n", "", "ours", "limit", "ratio");
  for (int i = 0; i < total; i++) {
    char name[128];
    row *it = &rows[i];
    snprintf(name, sizeof name, "%s %s%s I%d H%d B%d %s%s%d threads%s", it->kind, it->cell,
             strstr(it->suffix, "_before") ? " reset before" : "", it->inputs, it->units, it->batch,
             it->layers > 1 ? "2 layers " : "", it->directions > 1 ? "both directions " : "", it->threads, widths[it->weights]);
    if (selected(name, count - 2, words + 2)) bench(words[1], it, name);
  }
  static const int trained[][4] = {{32, 50, 8, 32}, {32, 100, 64, 128}, {64, 100, 128, 256}, {32, 100, 256, 512}};
  for (int weights = 0; weights < (kinds > 1 ? 2 : 1); weights++)
    for (int threads = 1; threads <= 2; threads++)
      for (int i = 0; i < 4; i++) {
        const int *of = trained[i];
        row it = {"train", "lstm", "_dense", of[2], of[3], of[0], 1, 1, threads, weights};
        char name[128];
        snprintf(name, sizeof name, "train lstm I%d H%d B%d T%d %d threads%s", of[2], of[3], of[0], of[1], threads, widths[weights]);
        if (selected(name, count - 2, words + 2)) bench_train(words[1], &it, of[1], name);
      }
  if (selected("load memory", count - 2, words + 2)) {
    bench_load(words[1]);
    bench_memory(words[1]);
  }
  return 0;
}
