/* Threads share a model, forked children go on with what their parent made, and all of them compute the same bits. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 7, STEPS = 6, FEATURES = 4, UNITS = 8, THREADS = 6, ROUNDS = 20 }; /* lstm_basic */
enum { ONE = STEPS * FEATURES };
static float x[BATCH * ONE], wanted[BATCH * UNITS];
static lstm_model *model;

static lstm_session *session_of(int32_t threads) {
  lstm_session_options options;
  lstm_session *session = NULL;
  lstm_session_options_init(&options);
  options.threads = threads;
  return lstm_session_create(model, &options, &session) == LSTM_OK ? session : NULL;
}

static int predicts_the_same(lstm_session *session) {
  float y[BATCH * UNITS] = {0};
  return lstm_session_predict_float(session, x, BATCH, STEPS, y, BATCH * UNITS) == LSTM_OK && memcmp(y, wanted, sizeof y) == 0;
}

static int streams_the_same(void) {
  lstm_stream *stream = NULL;
  float y[UNITS];
  int same = lstm_stream_create(model, NULL, &stream) == LSTM_OK;
  for (int row = 0; row < BATCH && same; row++) {
    for (int t = 0; t < STEPS; t++)
      same &= lstm_stream_step(stream, x + row * ONE + t * FEATURES, FEATURES, y, UNITS) == LSTM_OK;
    same &= memcmp(y, wanted + row * UNITS, sizeof y) == 0 && lstm_stream_reset(stream) == LSTM_OK;
  }
  lstm_stream_free(stream);
  return same;
}

/* One thread's work: its own session and stream, and errors that only it sees. */
static void *work(void *number) {
  char path[64], *right = number;
  snprintf(path, sizeof path, "/no/such/file/%p.h5", number);
  *right = 1;
  for (int i = 0; i < ROUNDS; i++) {
    lstm_session *session = session_of(1);
    lstm_model *none = NULL;
    *right &= session && predicts_the_same(session) && streams_the_same();
    *right &= lstm_model_load(path, NULL, &none) == LSTM_ERROR_IO && strstr(lstm_last_error(), path) != NULL;
    lstm_session_free(session);
  }
  return NULL;
}

static void threads_share_a_model(void) {
  pthread_t threads[THREADS];
  char right[THREADS] = {0};
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, &right[i]) == 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    CHECK(right[i]);
  }
}

static void a_session_of_many_threads(void) {
  int alone = thread_count();
  CHECK(alone == 1);
  lstm_session *session = session_of(4);
  CHECK(session != NULL);
  for (int i = 0; i < ROUNDS; i++) CHECK(predicts_the_same(session));
  CHECK(thread_count() <= alone + 4);
  lstm_session_free(session);
  for (int i = 0; i < 100 && thread_count() != alone; i++) usleep(10000); /* a joined thread leaves /proc a moment later */
  CHECK(thread_count() == alone);
}

static int child_succeeds(int (*action)(lstm_session *), lstm_session *session) {
  int status = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(20); /* a child that waits for its parent's threads would wait for ever */
    _exit(action(session) ? 0 : 1);
  }
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int uses_and_frees(lstm_session *session) {
  int right = predicts_the_same(session) && streams_the_same();
  lstm_session_free(session);
  return right;
}

static int makes_its_own(lstm_session *session) {
  lstm_session *own = session_of(3);
  int right = own && predicts_the_same(own) && predicts_the_same(session);
  lstm_session_free(own);
  return right;
}

static void children(void) {
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    lstm_session *session = session_of(threads);
    CHECK(predicts_the_same(session));
    CHECK(child_succeeds(uses_and_frees, session));
    CHECK(child_succeeds(makes_its_own, session));
    CHECK(predicts_the_same(session)); /* the parent does not notice */
    lstm_session_free(session);
  }
}

/* More threads than processors: whoever runs does what the others do not come to. */
static void many_threads_on_one_processor(void) {
#ifdef __linux__
  cpu_set_t before, one;
  CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0); /* threads that are started from here on have the same */
  lstm_session *session = session_of(4);
  for (int i = 0; i < 10 * ROUNDS; i++) CHECK(predicts_the_same(session));
  lstm_session_free(session);
  CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
#endif
}

int main(void) {
  begin("threads");
  fill_floats(x, sizeof x / sizeof *x, 1);
  model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  lstm_session *session = session_of(1);
  WORKS(lstm_session_predict_float(session, x, BATCH, STEPS, wanted, BATCH * UNITS));
  lstm_session_free(session);
  CHECK(streams_the_same());
  a_session_of_many_threads();
  many_threads_on_one_processor();
  children();
  threads_share_a_model();
  lstm_model_free(model);
  return finish();
}
