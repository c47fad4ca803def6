/* After creation a stream's step allocates nothing and makes no system call; a second predict of the same shapes allocates nothing. A further stream
 * has its states and what a step needs, the weights are the model's. A repeated training step allocates the same little each time. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* This program's own malloc and its kin take the place of libc's for every library in the process, and count. */
static atomic_long calls, held; /* how often they were called; bytes that are in use, as the allocator rounds them */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static void *taken(void *memory) {
  atomic_fetch_add(&calls, 1);
  if (memory) atomic_fetch_add(&held, (long)malloc_usable_size(memory));
  return memory;
}
static void given_back(void *memory) {
  if (memory) atomic_fetch_sub(&held, (long)malloc_usable_size(memory));
}

void *malloc(size_t size) { return taken(__libc_malloc(size)); }
void *calloc(size_t number, size_t size) { return taken(__libc_calloc(number, size)); }
void *realloc(void *old, size_t size) {
  given_back(old);
  return taken(__libc_realloc(old, size));
}
void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
void free(void *memory) {
  if (memory) atomic_fetch_add(&calls, 1);
  given_back(memory);
  __libc_free(memory);
}

enum { BATCH = 5, STEPS = 6, FEATURES = 4, UNITS = 8 }; /* lstm_basic */
static float x[BATCH * STEPS * FEATURES], y[BATCH * UNITS], ys[STEPS * UNITS], state[2 * UNITS];

static lstm_status every_call_of_a_stream(lstm_stream *stream) {
  double xd[FEATURES] = {0}, yd[UNITS];
  lstm_status all = lstm_stream_step(stream, x, FEATURES, y, UNITS);
  all |= lstm_stream_step_double(stream, xd, FEATURES, yd, UNITS);
  all |= lstm_stream_steps(stream, STEPS, x, STEPS * FEATURES, ys, STEPS * UNITS);
  all |= lstm_stream_get_state(stream, LSTM_FLOAT32, state, 2 * UNITS);
  all |= lstm_stream_set_state(stream, LSTM_FLOAT32, state, 2 * UNITS);
  all |= lstm_stream_reset(stream);
  return all;
}

/* In seccomp's strict mode the kernel kills whoever makes a system call other than read, write and exit. */
static int makes_no_system_call(lstm_stream *stream) {
  int status = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(77);
    lstm_status all = LSTM_OK;
    for (int i = 0; i < 100; i++) all |= every_call_of_a_stream(stream);
    syscall(SYS_exit, all == LSTM_OK ? 0 : 1);
  }
  if (child < 0 || waitpid(child, &status, 0) != child) return 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) printf("allocations: no seccomp here, system calls not checked\n");
  return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

static const char network[] =
    "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"config\": {\"name\": \"net\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, null, 1], \"name\": \"x\"}},"
    "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"lstm\", \"units\": 64, \"return_sequences\": true}}]}}";

enum { MANY = 100, LIMIT = 4096, WEIGHTS = 4 * 64 * (1 + 64 + 1) * sizeof(float) };

/* Bytes of a further stream of an LSTM with 64 units, weights and all: far from the 67 kB of its weights. */
static void check_memory_of_streams(void) {
  static lstm_stream *streams[MANY];
  lstm_model *model;
  WORKS(lstm_model_from_json(network, sizeof network - 1, NULL, &model));
  long at_first = held;
  WORKS(lstm_stream_create(model, NULL, &streams[0]));
  CHECK(held - at_first > WEIGHTS); /* the first one packs the weights, or the sizes are not being counted */
  lstm_status all = LSTM_OK;
  long before = 0, with_all = 0;
  for (int round = 0; round < 2; round++) { /* the first round makes room for so many handles, which stays */
    before = held;
    for (int i = 1; i < MANY; i++) all |= lstm_stream_create(model, NULL, &streams[i]);
    with_all = held;
    float in = 0.5f, some[64];
    for (int i = 0; i < MANY; i++) all |= lstm_stream_step(streams[i], &in, 1, some, 64);
    CHECK(held == with_all); /* a step keeps nothing */
    for (int i = 1; i < MANY; i++) lstm_stream_free(streams[i]);
  }
  CHECK(all == LSTM_OK);
  CHECK(held == before);
  long each = (with_all - before) / (MANY - 1);
  CHECK(each <= LIMIT);
  CHECK(each >= 2 * 64 * (long)sizeof(float));
  printf("allocations: a further stream of an LSTM with 64 units takes %ld bytes\n", each);
  lstm_stream_free(streams[0]);
  lstm_model_free(model);
}

/* A training step keeps nothing, and asks for no more memory each time than the step before. Returns how often it asks. */
static long check_training(int32_t weights) {
  lstm_model *model;
  lstm_trainer *trainer;
  lstm_trainer_options options;
  lstm_trainer_options_init(&options);
  options.configuration = "{\"loss\": \"mse\", \"optimizer\": \"adam\"}";
  options.weights = weights;
  WORKS(lstm_model_from_json(network, sizeof network - 1, NULL, &model));
  WORKS(lstm_trainer_create(model, &options, &trainer));
  static float in[4 * 5], wanted[4 * 5 * 64];
  lstm_array from = float_array(in, 3, 4, 5, 1), to = float_array(wanted, 3, 4, 5, 64);
  const lstm_array *inputs[] = {&from}, *targets[] = {&to};
  lstm_batch batch;
  lstm_batch_init(&batch);
  batch.inputs = inputs, batch.input_count = 1, batch.targets = targets, batch.target_count = 1;
  for (int i = 0; i < 2; i++) WORKS(lstm_trainer_train_batch(trainer, &batch, NULL, 0));
  long kept = held, made = calls;
  WORKS(lstm_trainer_train_batch(trainer, &batch, NULL, 0));
  made = calls - made;
  CHECK(held == kept);
  long before = calls;
  for (int i = 0; i < 10; i++) WORKS(lstm_trainer_train_batch(trainer, &batch, NULL, 0));
  CHECK(calls - before == 10 * made);
  CHECK(held == kept);
  printf("allocations: %ld calls of the allocator in a training step\n", made);
  lstm_trainer_free(trainer);
  lstm_model_free(model);
  return made;
}

int main(void) {
  begin("allocations");
  setvbuf(stdout, NULL, _IONBF, 0);
  fill_floats(x, sizeof x / sizeof *x, 1);
  long before = calls;
  lstm_model *model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  CHECK(calls > before); /* or nothing is being counted */

  /* float32, float64, and float32 with weights of two bytes and of one */
  for (int32_t kind = 0; kind < 5; kind++) {
    lstm_stream_options options;
    lstm_stream_options_init(&options);
    options.precision = kind == 1 ? LSTM_FLOAT64 : LSTM_FLOAT32;
    options.weights = kind < 2 ? LSTM_WEIGHTS_FLOAT32 : LSTM_WEIGHTS_BF16 + kind - 2;
    lstm_stream *stream;
    WORKS(lstm_stream_create(model, &options, &stream));
    before = calls;
    lstm_status all = LSTM_OK;
    for (int i = 0; i < 1000; i++) all |= every_call_of_a_stream(stream);
    long made = calls - before;
    CHECK(all == LSTM_OK);
    CHECK(made == 0);
    CHECK(makes_no_system_call(stream));
    lstm_stream_free(stream);
  }

  for (int32_t kind = 0; kind < 6; kind++) {
    lstm_session_options options;
    lstm_session_options_init(&options);
    options.threads = 1 + kind % 2;
    options.weights = kind / 2;
    lstm_session *session;
    WORKS(lstm_session_create(model, &options, &session));
    lstm_array in = float_array(x, 3, BATCH, STEPS, FEATURES), result = float_array(y, 2, BATCH, UNITS, 0);
    const lstm_array *inputs[] = {&in}, *outputs[] = {&result};
    WORKS(lstm_session_predict(session, inputs, 1, outputs, 1));
    WORKS(lstm_session_predict_float(session, x, BATCH, STEPS, y, BATCH * UNITS));
    before = calls;
    lstm_status all = LSTM_OK;
    for (int i = 0; i < 100; i++) {
      all |= lstm_session_predict(session, inputs, 1, outputs, 1);
      all |= lstm_session_predict_float(session, x, BATCH, STEPS, y, BATCH * UNITS);
    }
    long made = calls - before;
    CHECK(all == LSTM_OK);
    CHECK(made == 0);
    lstm_session_free(session);
  }
  lstm_model_free(model);
  check_memory_of_streams();
  CHECK(check_training(LSTM_WEIGHTS_BF16) == check_training(LSTM_WEIGHTS_FLOAT32));
  return finish();
}
