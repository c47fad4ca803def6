/*
 * train: teaches a new network to add. Each sequence has two marked numbers; their sum is to be given at the end.
 * (The adding problem of Hochreiter and Schmidhuber 1997, with short sequences.)
 */
#include <lstm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 512, STEPS = 10 };

static const char network[] =
    "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"config\": {\"name\": \"adding\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, null, 2], \"name\": \"x\"}},"
    "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"lstm\", \"units\": 16}},"
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"sum\", \"units\": 1}}]}}";

static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

/* Called after each batch and each epoch; anything but 0 would stop. */
static int32_t show(void *context, const lstm_progress *progress) {
  (void)context;
  if (progress->end_of_epoch && progress->epoch % 10 == 9) printf("epoch %lld: loss %.5f\n", (long long)progress->epoch + 1, progress->values[0]);
  return 0;
}

int main(void) {
  static float x[ROWS][STEPS][2], y[ROWS][1];
  srand(1);
  for (int row = 0; row < ROWS; row++) {
    int first = rand() % (STEPS / 2), second = STEPS / 2 + rand() % (STEPS / 2);
    for (int step = 0; step < STEPS; step++) x[row][step][0] = (float)rand() / (float)RAND_MAX;
    x[row][first][1] = x[row][second][1] = 1;
    y[row][0] = x[row][first][0] + x[row][second][0];
  }

  lstm_model *model;
  lstm_trainer *trainer;
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}}}";
  options.seed = 1;
  check(lstm_model_from_json(network, strlen(network), NULL, &model), "building the network");
  check(lstm_trainer_create(model, &options, &trainer), "preparing to train");

  lstm_array in, out;
  lstm_array_init(&in);
  lstm_array_init(&out);
  in.rank = 3, in.shape[0] = ROWS, in.shape[1] = STEPS, in.shape[2] = 2, in.data = x;
  out.rank = 2, out.shape[0] = ROWS, out.shape[1] = 1, out.data = y;
  const lstm_array *inputs[] = {&in}, *targets[] = {&out};
  lstm_batch data;
  lstm_batch_init(&data);
  data.inputs = inputs, data.input_count = 1, data.targets = targets, data.target_count = 1;

  lstm_fit_options fit;
  lstm_fit_options_init(&fit);
  fit.epochs = 60;
  fit.validation_split = 0.1;
  fit.progress = show;
  check(lstm_trainer_fit(trainer, &data, &fit, NULL), "training");
  check(lstm_trainer_update_model(trainer, model), "taking the weights over");

  size_t epochs, columns;
  check(lstm_trainer_get_history_size(trainer, &epochs, &columns), "looking at the history");
  double *history = malloc(epochs * columns * sizeof *history);
  if (history == NULL) return EXIT_FAILURE;
  check(lstm_trainer_get_history(trainer, history, epochs * columns), "reading the history");
  printf("loss %.5f at first, %.5f at last\n", history[0], history[(epochs - 1) * columns]);
  free(history);
  lstm_trainer_free(trainer);
  lstm_model_free(model);
  return EXIT_SUCCESS;
}
