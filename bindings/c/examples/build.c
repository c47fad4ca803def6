/*
 * build: makes a new network from C, shows it and runs it once.
 *
 *     build [SEED]
 *
 * A network is described by the JSON that Keras' model.to_json() writes, of which only what differs from Keras' defaults needs to be
 * stated. The small builder below joins the layers of a chain; a graph of layers is written the same way, by "class_name": "Functional".
 */
#include <lstm.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

/* A text that layers are appended to. */
typedef struct chain {
  char text[4096];
  size_t length;
} chain;

static void append(chain *chain, const char *format, ...) {
  va_list values;
  va_start(values, format);
  size_t room = sizeof chain->text - chain->length;
  int count = vsnprintf(chain->text + chain->length, room, format, values);
  va_end(values);
  if (count < 0 || (size_t)count >= room) {
    fprintf(stderr, "the network's description is too long for this program\n");
    exit(EXIT_FAILURE);
  }
  chain->length += (size_t)count;
}

/* Sequences of `features` numbers at each step; batch and steps are left open. */
static void begin(chain *chain, int features) {
  chain->length = 0;
  append(chain,
         "{\"class_name\": \"Sequential\", \"keras_version\": \"3\", \"config\": {\"name\": \"built\", \"layers\": [{\"class_name\": "
         "\"InputLayer\", \"config\": {\"name\": \"input\", \"batch_shape\": [null, null, %d]}}",
         features);
}

/* A layer by Keras' class name; `options` is JSON, such as "\"units\": 8". */
static void layer(chain *chain, const char *type, const char *name, const char *options) {
  append(chain, ", {\"class_name\": \"%s\", \"config\": {\"name\": \"%s\", %s}}", type, name, options);
}

static lstm_model *finish(chain *chain, uint64_t seed) {
  lstm_from_json_options options;
  lstm_model *model;
  append(chain, "]}}");
  lstm_from_json_options_init(&options);
  options.seed = seed;
  check(lstm_model_from_json(chain->text, chain->length, &options, &model), "making the network");
  return model;
}

int main(int argc, char **argv) {
  static chain network;
  begin(&network, 2);
  layer(&network, "LSTM", "memory", "\"units\": 16, \"return_sequences\": true, \"kernel_initializer\": \"he_normal\"");
  layer(&network, "Dropout", "noise", "\"rate\": 0.2");
  layer(&network, "LSTM", "summary",
        "\"units\": 8, \"recurrent_initializer\": {\"class_name\": \"Orthogonal\", \"config\": {\"gain\": 0.9}}");
  layer(&network, "Dense", "answer", "\"units\": 1, \"activation\": \"sigmoid\"");
  lstm_model *model = finish(&network, argc > 1 ? strtoull(argv[1], NULL, 10) : 0);

  char table[4096];
  check(lstm_model_summary(model, table, sizeof table, NULL), "describing the network");
  fputs(table, stdout);

  /* Untrained, it answers something near one half. */
  lstm_session *session;
  float x[5 * 2] = {0, 1, 1, 0, 0, 1, 1, 1, 0, 0}, y[1];
  check(lstm_session_create(model, NULL, &session), "preparing to run");
  check(lstm_session_predict_float(session, x, 1, 5, y, 1), "running");
  printf("answer %.6f\n", y[0]);

  lstm_session_free(session);
  lstm_model_free(model);
  return 0;
}
