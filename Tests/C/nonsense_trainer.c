/* Every function of trainers, given nonsense: it answers with a status and a sentence; then a short training that must work. */
#include "check.h"

#include <math.h>
#include <string.h>

enum { BATCH = 4, STEPS = 6, FEATURES = 4, UNITS = 8 }; /* lstm_basic */

static _Alignas(16) unsigned char garbage[512];
static lstm_model *model;
static lstm_trainer *trainer, *freed;
static float x[BATCH * STEPS * FEATURES], y[BATCH * UNITS];
static lstm_array in, target;
static const lstm_array *inputs[1], *targets[1];
static lstm_batch data;
static double value;
static size_t size;
static const char *text;

static void good_batch(void) {
  in = float_array(x, 3, BATCH, STEPS, FEATURES);
  target = float_array(y, 2, BATCH, UNITS, 0);
  inputs[0] = &in;
  targets[0] = &target;
  lstm_batch_init(&data);
  data.inputs = inputs, data.input_count = 1, data.targets = targets, data.target_count = 1;
}

static void wrong_handles(void) {
  const void *wrong[] = {freed, model, garbage};
  lstm_gradient_report report;
  lstm_gradient_report_init(&report);
  good_batch();
  for (size_t i = 0; i < 4; i++) {
    lstm_trainer *t = i < 3 ? (lstm_trainer *)wrong[i] : NULL;
    lstm_status status = i < 3 ? LSTM_ERROR_HANDLE : LSTM_ERROR_ARGUMENT;
    REFUSED(status, lstm_trainer_train_batch(t, &data, &value, 1));
    REFUSED(status, lstm_trainer_evaluate(t, &data, &value, 1));
    REFUSED(status, lstm_trainer_fit(t, &data, NULL, NULL));
    REFUSED(status, lstm_trainer_compute_gradients(t, &data, NULL, 0));
    REFUSED(status, lstm_trainer_get_gradient_count(t, &size));
    REFUSED(status, lstm_trainer_get_gradients(t, LSTM_FLOAT64, &value, 1));
    REFUSED(status, lstm_trainer_apply_gradients(t, LSTM_FLOAT64, &value, 1));
    REFUSED(status, lstm_trainer_check_gradients(t, &data, 1, &report));
    REFUSED(status, lstm_trainer_update_model(t, model));
    REFUSED(status, lstm_trainer_reset_states(t));
    REFUSED(status, lstm_trainer_cancel(t));
    REFUSED(status, lstm_trainer_get_value_count(t, &size));
    REFUSED(status, lstm_trainer_get_value_name(t, 0, &text));
    REFUSED(status, lstm_trainer_get_history_size(t, &size, NULL));
    REFUSED(status, lstm_trainer_get_history_name(t, 0, &text));
    REFUSED(status, lstm_trainer_get_history(t, &value, 1));
    REFUSED(status, lstm_trainer_get_learning_rate(t, &value));
    REFUSED(status, lstm_trainer_set_learning_rate(t, 0.1));
    REFUSED(status, lstm_trainer_save(t, "/nowhere/x.h5"));
    REFUSED(status, lstm_trainer_restore(t, "/nowhere/x.h5"));
  }
  lstm_trainer_free(freed);
  lstm_trainer_free((lstm_trainer *)model);
  lstm_trainer_free((lstm_trainer *)(void *)garbage);
  lstm_trainer_free(NULL);
}

static void wrong_options(void) {
  lstm_trainer *made = NULL;
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": \"sgd\"}";
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, NULL));
  const char *texts[] = {"", "no JSON", "[]", "{\"loss\": \"none\"}", "{\"loss\": 3}", "{\"loss\": \"mse\", \"optimizer\": \"none\"}", "\xff"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    options.configuration = texts[i];
    CHECK(lstm_trainer_create(model, &options, &made) != LSTM_OK && made == NULL);
  }
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": \"sgd\"}";
  options.threads = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.threads = 1, options.precision = LSTM_INT32;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.precision = LSTM_FLOAT32, options.tbptt_steps = -1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.tbptt_steps = 0, options.class_count = 3;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.class_count = 0, options.weights = 4;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.weights = -1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  options.weights = LSTM_WEIGHTS_INT8;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  CHECK(strstr(lstm_last_error(), "LSTM_WEIGHTS_INT8") != NULL);
  options.weights = LSTM_WEIGHTS_W8A8;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  CHECK(strstr(lstm_last_error(), "LSTM_WEIGHTS_W8A8") != NULL);
  options.weights = LSTM_WEIGHTS_BF16, options.precision = LSTM_FLOAT64;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  CHECK(strstr(lstm_last_error(), "LSTM_WEIGHTS_BF16") != NULL);
  options.precision = LSTM_FLOAT32, options.reserved = 1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
  /* A program from before there was a choice: what lies behind its options is not read. */
  options.weights = 77, options.struct_size = offsetof(lstm_trainer_options, weights);
  WORKS(lstm_trainer_create(model, &options, &made));
  lstm_trainer_free(made);
  made = NULL;
  options.weights = LSTM_WEIGHTS_FLOAT32, options.reserved = 0, options.struct_size = 8;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_create(model, &options, &made));
}

static void wrong_batches(void) {
  good_batch();
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_train_batch(trainer, NULL, &value, 1));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_train_batch(trainer, &data, NULL, 1));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_train_batch(trainer, &data, &value, 99));
  data.target_count = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_train_batch(trainer, &data, &value, 1));
  good_batch();
  data.weight_count = 1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_train_batch(trainer, &data, &value, 1));
  good_batch();
  target = float_array(y, 2, BATCH, UNITS - 1, 0);
  REFUSED(LSTM_ERROR_SHAPE, lstm_trainer_train_batch(trainer, &data, &value, 1));
  target = float_array(y, 2, BATCH - 1, UNITS, 0);
  REFUSED(LSTM_ERROR_SHAPE, lstm_trainer_train_batch(trainer, &data, &value, 1));
  good_batch();
  lstm_fit_options fit;
  lstm_fit_options_init(&fit);
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_fit(trainer, NULL, &fit, NULL));
  fit.batch_size = 0;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_fit(trainer, &data, &fit, NULL));
  fit.batch_size = 2, fit.epochs = -1;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_fit(trainer, &data, &fit, NULL));
  fit.epochs = 1, fit.validation_split = NAN;
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_fit(trainer, &data, &fit, NULL));
  fit.validation_split = 0, fit.monitor = "val_loss";
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_fit(trainer, &data, &fit, NULL));
  REFUSED(LSTM_ERROR_ARGUMENT, lstm_trainer_set_learning_rate(trainer, NAN));
  REFUSED(LSTM_ERROR_SHAPE, lstm_trainer_get_gradients(trainer, LSTM_FLOAT64, &value, 1));
  REFUSED(LSTM_ERROR_IO, lstm_trainer_restore(trainer, "/nowhere/x.h5"));
}

static int32_t stop_at_once(void *context, const lstm_progress *progress) {
  CHECK(lstm_trainer_train_batch(trainer, &data, NULL, 0) == LSTM_ERROR_STATE);
  return *(int *)context + (int)progress->batch;
}

static void a_short_training(void) {
  double first = 0, last = 0;
  good_batch();
  WORKS(lstm_trainer_evaluate(trainer, &data, &first, 1));
  for (int i = 0; i < 20; i++) WORKS(lstm_trainer_train_batch(trainer, &data, NULL, 0));
  WORKS(lstm_trainer_evaluate(trainer, &data, &last, 1));
  CHECK(last < first);
  int context = 1;
  int32_t outcome = -1;
  lstm_fit_options fit;
  lstm_fit_options_init(&fit);
  fit.epochs = 100, fit.batch_size = 1, fit.progress = stop_at_once, fit.context = &context;
  WORKS(lstm_trainer_fit(trainer, &data, &fit, &outcome));
  CHECK(outcome == LSTM_FIT_CANCELLED);
  WORKS(lstm_trainer_update_model(trainer, model));
}

int main(void) {
  begin("nonsense for trainers");
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}}}";
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  memset(garbage, 0x5a, sizeof garbage);
  fill_floats(x, sizeof x / sizeof *x, 1);
  fill_floats(y, sizeof y / sizeof *y, 2);
  WORKS(lstm_trainer_create(model, &options, &trainer));
  WORKS(lstm_trainer_create(model, &options, &freed));
  lstm_trainer_free(freed);
  wrong_handles();
  wrong_options();
  wrong_batches();
  a_short_training();
  lstm_trainer_free(trainer);
  lstm_model_free(model);
  return finish();
}
