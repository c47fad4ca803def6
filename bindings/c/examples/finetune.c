/*
 * finetune: adapts a model that Keras wrote to new data, and saves it for Keras.
 *
 *     finetune MODEL.h5 INPUT.csv TARGET.csv OUTPUT.h5 [EPOCHS]
 *
 * INPUT and TARGET are text (see arrays.h). The loss and the optimizer are those that the file states; a file that was not compiled is
 * trained by mean squared error and Adam.
 */
#include "arrays.h"

#include <stdio.h>
#include <stdlib.h>

static void check(lstm_status status, const char *doing) {
  if (status == LSTM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, lstm_last_error());
  exit(EXIT_FAILURE);
}

/* Called after each batch and each epoch; anything but 0 would stop. */
static int32_t show(void *context, const lstm_progress *progress) {
  (void)context;
  if (progress->end_of_epoch) printf("epoch %lld of %lld: loss %.6f\n", (long long)progress->epoch + 1, (long long)progress->epochs, progress->values[0]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) {
    fprintf(stderr, "usage: finetune MODEL.h5 INPUT.csv TARGET.csv OUTPUT.h5 [EPOCHS]\n");
    return 2;
  }
  lstm_model *model;
  lstm_trainer *trainer;
  lstm_tensor_info in, out;
  lstm_tensor_info_init(&in);
  lstm_tensor_info_init(&out);
  check(lstm_model_load(argv[1], NULL, &model), "loading the model");
  check(lstm_model_get_input(model, 0, &in), "looking at the model's input");
  check(lstm_model_get_output(model, 0, &out), "looking at the model's output");

  array_list inputs = {0}, targets = {0};
  if (!arrays_read_csv(argv[2], in.rank, &inputs) || !arrays_read_csv(argv[3], out.rank, &targets)) return EXIT_FAILURE;
  const lstm_array *x = &inputs.array[0], *y = &targets.array[0];
  lstm_batch data;
  lstm_batch_init(&data);
  data.inputs = &x;
  data.input_count = 1;
  data.targets = &y;
  data.target_count = 1;

  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  if (lstm_trainer_create(model, &options, &trainer) != LSTM_OK) {
    options.configuration = "{\"loss\": \"mse\", \"optimizer\": \"adam\"}";
    check(lstm_trainer_create(model, &options, &trainer), "preparing to train");
  }
  lstm_fit_options fit;
  lstm_fit_options_init(&fit);
  fit.epochs = argc == 6 ? atoi(argv[5]) : 10;
  fit.progress = show;
  check(lstm_trainer_fit(trainer, &data, &fit, NULL), "training");
  check(lstm_trainer_update_model(trainer, model), "taking the weights over");
  check(lstm_model_save(model, argv[4], LSTM_FORMAT_AUTO, NULL), "saving the model");

  arrays_free(&inputs);
  arrays_free(&targets);
  lstm_trainer_free(trainer);
  lstm_model_free(model);
  return EXIT_SUCCESS;
}
