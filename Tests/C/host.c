/*
 * Loading the library and using it leaves the host process as it was: no thread, signal handler, environment variable, folder,
 * locale, open file or rounding mode is changed, and nothing is printed. Usage: host liblstm.so.0 (opened with dlopen).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <lstm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;
static int failed, passed;

static int entries(const char *folder) {
  int count = 0;
  DIR *open_folder = opendir(folder);
  while (open_folder && readdir(open_folder)) count++;
  if (open_folder) closedir(open_folder);
  return count;
}

/* What must stay the same. */
struct process {
  struct sigaction signals[65];
  sigset_t mask;
  char folder[4096], locale[256];
  unsigned long environment; /* a checksum over names and values */
  int threads, files, rounding, keeps_subnormals;
  mode_t creation_mask;
};

static void look(struct process *p) {
  memset(p, 0, sizeof *p);
  for (int s = 1; s < 65; s++) {
    struct sigaction action;
    if (sigaction(s, NULL, &action) != 0) continue;
    p->signals[s].sa_handler = action.sa_handler;
    p->signals[s].sa_flags = action.sa_flags;
  }
  sigprocmask(SIG_SETMASK, NULL, &p->mask);
  if (!getcwd(p->folder, sizeof p->folder)) p->folder[0] = 0;
  snprintf(p->locale, sizeof p->locale, "%s", setlocale(LC_ALL, NULL));
  for (char **e = environ; *e; e++)
    for (char *c = *e; *c; c++) p->environment = p->environment * 31 + (unsigned char)*c;
  p->threads = entries("/proc/self/task");
  p->files = entries("/proc/self/fd");
  p->rounding = fegetround();
  volatile float tiny = FLT_MIN, two = 2;
  p->keeps_subnormals = tiny / two > 0;
  p->creation_mask = umask(0);
  umask(p->creation_mask);
}

static void say(int same, const char *when, const char *what) {
  if (same) {
    passed++;
  } else {
    failed++;
    fprintf(stderr, "host: %s: %s\n", when, what);
  }
}

static void compare(const struct process *a, const char *when) {
  struct process now, *b = &now;
  char text[64];
  look(b);
  for (int s = 1; s < 65; s++) {
    snprintf(text, sizeof text, "the action of signal %d changed", s);
    say(memcmp(&a->signals[s], &b->signals[s], sizeof a->signals[s]) == 0, when, text);
  }
  say(memcmp(&a->mask, &b->mask, sizeof a->mask) == 0, when, "the signal mask changed");
  say(strcmp(a->folder, b->folder) == 0, when, "the working folder changed");
  say(strcmp(a->locale, b->locale) == 0, when, "the locale changed");
  say(a->environment == b->environment, when, "the environment changed");
  say(a->threads == b->threads, when, "there are other threads");
  say(a->files == b->files, when, "a file was left open");
  say(a->rounding == b->rounding, when, "the rounding mode changed");
  say(a->keeps_subnormals == b->keeps_subnormals, when, "subnormal numbers became zero");
  say(a->creation_mask == b->creation_mask, when, "the umask changed");
}

/* Loads a good and several bad files and computes, through pointers from dlsym. */
static int use(void *library) {
  union { /* ISO C does not convert object pointers to functions; POSIX says that this works */
    void *object;
    lstm_status (*load)(const char *, const lstm_load_options *, lstm_model **);
    lstm_status (*create)(const lstm_model *, const lstm_session_options *, lstm_session **);
    lstm_status (*predict)(lstm_session *, const float *, int64_t, int64_t, float *, size_t);
    lstm_status (*check)(const char *, char *, size_t, size_t *, int32_t *);
    void (*free_model)(lstm_model *);
    void (*free_session)(lstm_session *);
  } load, create, predict, check, free_model, free_session;
  load.object = dlsym(library, "lstm_model_load");
  create.object = dlsym(library, "lstm_session_create");
  predict.object = dlsym(library, "lstm_session_predict_float");
  check.object = dlsym(library, "lstm_check_file");
  free_model.object = dlsym(library, "lstm_model_free");
  free_session.object = dlsym(library, "lstm_session_free");
  if (!load.object || !create.object || !predict.object || !check.object || !free_model.object || !free_session.object) return 0;
  const char *fixtures = getenv("FIXTURES");
  char good[4096], expected[4096], text[4096];
  snprintf(good, sizeof good, "%s/keras/lstm_basic/lstm_basic.k3.h5", fixtures ? fixtures : "Tests/Fixtures");
  snprintf(expected, sizeof expected, "%s/keras/lstm_basic/lstm_basic.expected.h5", fixtures ? fixtures : "Tests/Fixtures");
  const char *bad[] = {"/no/such/file.h5", "/", "/dev/null", "/proc/self/cmdline", expected};
  lstm_model *model;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (load.load(bad[i], NULL, &model) == LSTM_OK) return 0;
    check.check(bad[i], text, sizeof text, NULL, NULL);
  }
  lstm_session *session;
  float x[24] = {0.5f}, y[8];
  if (load.load(good, NULL, &model) != LSTM_OK) return 0;
  int right = create.create(model, NULL, &session) == LSTM_OK && predict.predict(session, x, 1, 6, y, 8) == LSTM_OK;
  free_session.free_session(session);
  free_model.free_model(model);
  return right;
}

int main(int argc, char **argv) {
  struct process before;
  char name[] = "/tmp/lstm-host-XXXXXX";
  int quiet = mkstemp(name), old_out = dup(STDOUT_FILENO), old_err = dup(STDERR_FILENO);
  if (argc != 2 || quiet < 0) return fprintf(stderr, "usage: host liblstm.so.0\n"), 2;
  unlink(name);
  setlocale(LC_ALL, "");
  look(&before);

  dup2(quiet, STDOUT_FILENO);
  dup2(quiet, STDERR_FILENO);
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  const char *trouble = library ? NULL : dlerror();
  dup2(old_err, STDERR_FILENO);
  say(library != NULL, "dlopen", trouble ? trouble : "");
  if (library) {
    compare(&before, "after dlopen");
    dup2(quiet, STDERR_FILENO);
    int used = use(library);
    dup2(old_err, STDERR_FILENO);
    say(used, "use", "a good file did not run or a bad one did");
    compare(&before, "after use");
    dlclose(library);
    compare(&before, "after dlclose");
  }
  fflush(stdout);
  dup2(old_out, STDOUT_FILENO);
  say(lseek(quiet, 0, SEEK_END) == 0, "use", "something was printed");
  printf("host%s: %d passed, %d failed\n", getenv("SWIFT_ROOT") ? " with SWIFT_ROOT" : "", passed, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
