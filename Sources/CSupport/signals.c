/* The Swift runtime installs handlers for crash signals when it is loaded and the environment names a toolchain (SWIFT_ROOT). A library has no
 * business there: what the host had set is kept before the runtime's constructors run and put back after them. */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>

static const int watched[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { watched_count = sizeof watched / sizeof watched[0] };
static struct sigaction kept[watched_count];
static stack_t kept_stack;

/* Constructors with a priority run before those without. */
__attribute__((constructor(101))) static void keep(void) {
  for (size_t i = 0; i < watched_count; i++) sigaction(watched[i], NULL, &kept[i]);
  sigaltstack(NULL, &kept_stack);
}

static void put_back(void) {
  for (size_t i = 0; i < watched_count; i++) sigaction(watched[i], &kept[i], NULL);
  sigaltstack(&kept_stack, NULL);
}

/* The linker sorts entries by the number at their section's end; those without one count as 65536. */
__attribute__((section(".init_array.99999"), used)) static void (*const put_back_last)(void) = put_back;
