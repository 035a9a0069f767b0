// Loaded with LD_PRELOAD: the NTH_CALL-th call that changes a folder kills the process, or fails
// with EIO when NTH_CALL_FAILS is set. With NO_EXCHANGE set, folders cannot be exchanged. NTH_COMMIT
// is the same of the calls that bring a line of a run's ledger to the disk, which are counted apart.
// EARLY_SIGNAL is a signal that comes while the program makes its environment, before all work.
// STOPS_AT is the end of a file's path: the process stops before it first opens one.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;
static atomic_int commits;
static atomic_int stops;

static int IsNth(const char* variable, atomic_int* count) {
  const char* nth = getenv(variable);
  if (nth == NULL || atomic_fetch_add(count, 1) + 1 != atoi(nth)) return 0;
  if (getenv("NTH_CALL_FAILS") == NULL) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = EIO;
  return 1;
}

static int Fails(void) { return IsNth("NTH_CALL", &calls); }

#define REAL(name, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

int rename(const char* from, const char* to) {
  return Fails() ? -1 : REAL(rename, const char*, const char*)(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned int flags) {
  if (getenv("NO_EXCHANGE") != NULL) {
    errno = EINVAL;
    return -1;
  }
  if (Fails()) return -1;
  return REAL(renameat2, int, const char*, int, const char*, unsigned int)(from_folder, from,
                                                                           to_folder, to, flags);
}

int setenv(const char* name, const char* value, int overwrite) {
  const char* number = getenv("EARLY_SIGNAL");
  if (number != NULL && strcmp(name, "ARROW_DEFAULT_MEMORY_POOL") == 0) raise(atoi(number));
  return REAL(setenv, const char*, const char*, int)(name, value, overwrite);
}

int unlink(const char* path) { return Fails() ? -1 : REAL(unlink, const char*)(path); }

int unlinkat(int folder, const char* path, int flags) {
  return Fails() ? -1 : REAL(unlinkat, int, const char*, int)(folder, path, flags);
}

int rmdir(const char* path) { return Fails() ? -1 : REAL(rmdir, const char*)(path); }

int remove(const char* path) { return Fails() ? -1 : REAL(remove, const char*)(path); }

int mkdir(const char* path, mode_t mode) {
  return Fails() ? -1 : REAL(mkdir, const char*, mode_t)(path, mode);
}

int fdatasync(int file) {
  return IsNth("NTH_COMMIT", &commits) ? -1 : REAL(fdatasync, int)(file);
}

int open(const char* path, int flags, ...) {
  const char* end = getenv("STOPS_AT");
  const size_t length = strlen(path);
  const int ends_so =
      end != NULL && length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
  if (ends_so && atomic_fetch_add(&stops, 1) == 0) raise(SIGSTOP);
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return REAL(open, const char*, int, ...)(path, flags, mode);
}
