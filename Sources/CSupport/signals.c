/* The Swift runtime installs handlers for crash signals when it is loaded and the environment names a toolchain (SWIFT_ROOT). A library has no
 * business there: what the host had set is kept before the runtime's constructors run and put back after them. */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int watched[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { watched_count = sizeof watched / sizeof watched[0] };

/* The kernel's own form of an action, which is put back as it was: through sigaction() it would come back with another flag. */
typedef struct { long words[8]; } action;
static action kept[watched_count];
static stack_t kept_stack;

/* Constructors with a priority run before those without. */
__attribute__((constructor(101))) static void keep(void) {
  for (size_t i = 0; i < watched_count; i++) syscall(SYS_rt_sigaction, watched[i], NULL, &kept[i], 8);
  sigaltstack(NULL, &kept_stack);
}

static void put_back(void) {
  for (size_t i = 0; i < watched_count; i++) syscall(SYS_rt_sigaction, watched[i], &kept[i], NULL, 8);
  sigaltstack(&kept_stack, NULL);
}

/* lld sorts entries by the number at their section's end; those without one count as 65536. */
__attribute__((section(".init_array.99999"), used)) static void (*const put_back_last)(void) = put_back;
