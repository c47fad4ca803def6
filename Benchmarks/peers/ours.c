/* The library through its C interface, as a program that is measured: see worker.h. */
#include "lstm.h"
#include "worker.h"

#include <string.h>

enum { PERIOD = 64 };

static job it;
static lstm_model *model;
static lstm_stream *stream;
static lstm_session *session;
static lstm_trainer *trainer;
static lstm_batch batch;
static lstm_array in, target;
static const lstm_array *inputs[] = {&in}, *targets[] = {&target};
static float *x, *out, *wanted;
static size_t in_count, out_count;

static void must(lstm_status status, const char *what) {
  if (status != LSTM_OK) fail(what, lstm_last_error());
}

#ifdef LSTM_WEIGHTS_BF16
static int32_t precision(void) {
  const char *const names[] = {"float32", "bf16", "int8", "w8a8"};
  for (int32_t form = 0; form < 4; form++)
    if (!strcmp(it.weights, names[form])) return form;
  fail(it.weights, "is no form of weights");
  return 0;
}
#endif

static void make_trainer(void) {
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.001, \"epsilon\": 1e-10}}}";
  options.threads = it.threads;
#ifdef LSTM_WEIGHTS_BF16
  options.weights = precision();
#endif
  must(lstm_trainer_create(model, &options, &trainer), it.model);
}

void work(int64_t count) {
  lstm_status all = LSTM_OK;
  if (stream)
    for (int64_t i = 0; i < count; i++) all |= lstm_stream_step(stream, x + (size_t)(i % PERIOD) * in_count, in_count, out, out_count);
  else if (trainer)
    for (int64_t i = 0; i < count; i++) all |= lstm_trainer_train_batch(trainer, &batch, NULL, 0);
  else
    for (int64_t i = 0; i < count; i++) all |= lstm_session_predict_float(session, x, it.batch, it.steps, out, out_count);
  must(all, it.kind);
}

/* A stream: its output after PERIOD steps. A session: its whole output. A trainer: the losses of five batches from the model's weights. */
void check_work(const char *path) {
  if (stream) must(lstm_stream_reset(stream), "reset");
  if (!trainer) {
    work(stream ? PERIOD : 1);
    write_numbers(path, out, out_count);
    return;
  }
  lstm_trainer_free(trainer);
  make_trainer();
  float losses[5];
  for (int i = 0; i < 5; i++) {
    double loss;
    must(lstm_trainer_train_batch(trainer, &batch, &loss, 1), it.kind);
    losses[i] = (float)loss;
  }
  write_numbers(path, losses, 5);
}

int main(int count, char **words) {
  it = read_job(count, words);
  must(lstm_model_load(it.model, NULL, &model), it.model);
  size_t rows = (size_t)it.batch * (size_t)it.steps;
  if (!strcmp(it.kind, "stream")) {
    lstm_stream_options options;
    lstm_stream_options_init(&options);
    options.threads = it.threads;
#ifdef LSTM_WEIGHTS_BF16
    options.weights = precision();
#endif
    must(lstm_stream_create(model, &options, &stream), it.model);
    must(lstm_stream_get_sizes(stream, &in_count, &out_count), it.model);
    x = read_numbers(it.x, in_count * PERIOD);
  } else {
    x = read_numbers(it.x, rows * (size_t)it.inputs);
    if (!strcmp(it.kind, "train")) {
      wanted = read_numbers(it.y, (size_t)it.batch);
      lstm_array_init(&in);
      lstm_array_init(&target);
      in.rank = 3, in.shape[0] = it.batch, in.shape[1] = it.steps, in.shape[2] = it.inputs, in.data = x;
      target.rank = 2, target.shape[0] = it.batch, target.shape[1] = 1, target.data = wanted;
      lstm_batch_init(&batch);
      batch.inputs = inputs, batch.input_count = 1, batch.targets = targets, batch.target_count = 1;
      make_trainer();
    } else {
      lstm_session_options options;
      lstm_session_options_init(&options);
      options.threads = it.threads;
#ifdef LSTM_WEIGHTS_BF16
      options.weights = precision();
#endif
      must(lstm_session_create(model, &options, &session), it.model);
      out_count = rows * (size_t)it.units * (size_t)it.directions;
    }
  }
  if (out_count) out = numbers(out_count);
  return serve();
}
