/* A save whose calls fail, or whose process dies at any of them, leaves the old file or the new one, whole. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* This program's own functions take the place of libc's for every library in the process. Armed, one call of them fails, writes only
 * half, or is the process's last. */
enum manner { FAILS, HALF, DIES };
static int armed, calls, at, code;
static enum manner manner;

static int hit(void) {
  if (!armed || ++calls != at) return 0;
  if (manner == DIES) _exit(42);
  return 1;
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (armed && file > 2 && hit()) {
    if (manner == HALF) return syscall(SYS_write, file, bytes, count > 1 ? count / 2 : count);
    errno = code;
    return -1;
  }
  return syscall(SYS_write, file, bytes, count);
}
#define INSTEAD(call) \
  if (hit() && manner == FAILS) { \
    errno = code; \
    return -1; \
  } \
  return (int)(call)
int fsync(int file) { INSTEAD(syscall(SYS_fsync, file)); }
int fchmod(int file, mode_t mode) { INSTEAD(syscall(SYS_fchmod, file, mode)); }
int rename(const char *from, const char *to) { INSTEAD(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)); }
int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = flags & O_CREAT ? va_arg(more, int) : 0;
  va_end(more);
  INSTEAD(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

static char folder[64] = "build/lstm-saving-XXXXXX", path[96];
static unsigned char *old_bytes, *new_bytes;
static size_t old_size, new_size;

static unsigned char *read_file(size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  unsigned char *bytes = malloc(1 << 20);
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

static void put_old_file(void) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(old_bytes, 1, old_size, file) == old_size);
  if (file) fclose(file);
}

/* 1 the old file, 2 the new one, 0 anything else. */
static int what_is_there(void) {
  size_t size = 0;
  unsigned char *found = read_file(&size);
  int is_old = found && size == old_size && memcmp(found, old_bytes, size) == 0;
  int is_new = found && size == new_size && memcmp(found, new_bytes, size) == 0;
  free(found);
  return is_old ? 1 : is_new ? 2 : 0;
}

static int files_in_folder(int remove_others) {
  int count = 0;
  DIR *opened = opendir(folder);
  for (struct dirent *entry; opened && (entry = readdir(opened));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    count++;
    if (remove_others && strcmp(entry->d_name, "model.h5") != 0) unlinkat(dirfd(opened), entry->d_name, 0);
  }
  if (opened) closedir(opened);
  return count;
}

static void every_call_fails_once(lstm_model *model, int with, const char *words) {
  int failures = 0;
  for (int n = 1; n < 200; n++) {
    put_old_file();
    calls = 0, at = n, manner = FAILS, code = with, armed = 1;
    lstm_status status = lstm_model_save(model, path, LSTM_FORMAT_KERAS_H5, NULL);
    armed = 0;
    int there = what_is_there();
    CHECK(there != 0);
    CHECK(status == LSTM_OK ? there == 2 : status == LSTM_ERROR_IO && strstr(lstm_last_error(), "model.h5"));
    CHECK(files_in_folder(0) == 1);
    if (calls < n) break;
    failures += status != LSTM_OK;
  }
  printf("%s: %d failures told\n", words, failures);
  CHECK(failures >= 4); /* open, write, fsync, rename */
}

static void half_writes_are_gone_on_with(lstm_model *model) {
  for (int n = 1; n < 10; n++) {
    put_old_file();
    calls = 0, at = n, manner = HALF, armed = 1;
    WORKS(lstm_model_save(model, path, LSTM_FORMAT_KERAS_H5, NULL));
    armed = 0;
    CHECK(what_is_there() == 2);
  }
}

static void the_process_dies_at_every_call(lstm_model *model) {
  int deaths = 0;
  for (int n = 1; n < 200; n++) {
    put_old_file();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      calls = 0, at = n, manner = DIES, armed = 1;
      _exit(lstm_model_save(model, path, LSTM_FORMAT_KERAS_H5, NULL) == LSTM_OK ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(what_is_there() != 0);
    files_in_folder(1); /* what the dead left behind */
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 42 || WEXITSTATUS(status) == 0));
    if (WEXITSTATUS(status) == 0) break;
    deaths++;
  }
  CHECK(deaths >= 5);
}

/* Past RLIMIT_FSIZE the system sends SIGXFSZ, which ends a process that does not expect it. */
static void a_limit_of_the_process_is_an_error(lstm_model *model) {
  put_old_file();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    lstm_status status = lstm_model_save(model, path, LSTM_FORMAT_KERAS_H5, NULL);
    sigset_t pending;
    sigpending(&pending);
    _exit(status == LSTM_ERROR_IO && !sigismember(&pending, SIGXFSZ) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(what_is_there() == 1 && files_in_folder(0) == 1);
}

static void places_where_no_file_can_be(lstm_model *model) {
  char name[600];
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, folder, LSTM_FORMAT_KERAS_H5, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, "", LSTM_FORMAT_KERAS_H5, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, "/no/such/folder/model.h5", LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, "/proc/model.h5", LSTM_FORMAT_AUTO, NULL));
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, "/dev/null", LSTM_FORMAT_KERAS_H5, NULL));
  snprintf(name, sizeof name, "%s/model.h5/below.h5", folder);
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, name, LSTM_FORMAT_AUTO, NULL));
  snprintf(name, sizeof name, "%s/", folder);
  memset(name + strlen(folder) + 1, 'n', 300);
  strcpy(name + strlen(folder) + 301, ".h5");
  REFUSED(LSTM_ERROR_IO, lstm_model_save(model, name, LSTM_FORMAT_AUTO, NULL));
  CHECK(files_in_folder(0) == 1);
}

static void a_link_and_permissions_stay(lstm_model *model) {
  char name[96];
  struct stat status;
  snprintf(name, sizeof name, "%s/link.h5", folder);
  put_old_file();
  CHECK(chmod(path, 0640) == 0 && symlink("model.h5", name) == 0);
  WORKS(lstm_model_save(model, name, LSTM_FORMAT_AUTO, NULL));
  CHECK(lstat(name, &status) == 0 && S_ISLNK(status.st_mode) && what_is_there() == 2);
  CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0640);
  unlink(name);
}

int main(void) {
  begin("saving");
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/model.h5", folder);
  lstm_model *model = load_fixture("lstm_basic/lstm_basic.k3.h5");
  WORKS(lstm_model_save(model, path, LSTM_FORMAT_KERAS_H5, NULL));
  old_bytes = read_file(&old_size);
  size_t needed = 0, written = 0;
  CHECK(lstm_model_save_memory(model, LSTM_FORMAT_KERAS_H5, NULL, NULL, 0, &needed) == LSTM_ERROR_BUFFER && needed == old_size);
  float bias[32] = {1, 2, 3};
  size_t index = 0;
  WORKS(lstm_model_find_weight(model, "lstm/bias", &index));
  WORKS(lstm_model_set_weight(model, index, LSTM_FLOAT32, bias, 32));
  new_size = needed;
  new_bytes = malloc(new_size);
  CHECK(lstm_model_save_memory(model, LSTM_FORMAT_KERAS_H5, NULL, new_bytes, new_size - 1, &written) == LSTM_ERROR_BUFFER && written == new_size);
  WORKS(lstm_model_save_memory(model, LSTM_FORMAT_KERAS_H5, NULL, new_bytes, new_size, &written));
  CHECK(written == new_size && memcmp(old_bytes, new_bytes, new_size) != 0);

  every_call_fails_once(model, ENOSPC, "a full disk");
  every_call_fails_once(model, EIO, "a broken disk");
  half_writes_are_gone_on_with(model);
  the_process_dies_at_every_call(model);
  a_limit_of_the_process_is_an_error(model);
  places_where_no_file_can_be(model);
  a_link_and_permissions_stay(model);

  lstm_model *again = NULL;
  WORKS(lstm_model_load(path, NULL, &again));
  float found[32];
  WORKS(lstm_model_get_weight(again, index, LSTM_FLOAT32, found, 32));
  CHECK(memcmp(found, bias, sizeof bias) == 0);
  lstm_model_free(again);
  lstm_model_free(model);
  free(old_bytes);
  free(new_bytes);
  unlink(path);
  rmdir(folder);
  return finish();
}
