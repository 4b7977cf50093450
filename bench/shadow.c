/* What would be left of a folder's files if the power failed: preloaded into the programs that write there.

   Whenever a file of the folder $SHADOW_OF is flushed (fsync, fdatasync), its content as of then goes to $SHADOW under
   its number; whenever the folder itself is, the names in it do. Nothing else is kept: what was written and not
   flushed is lost, and so is a file whose folder was not flushed after it was made (fsync(2)). Files are known by
   inode and birth time, since numbers are used again. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder, *shadow;

__attribute__((constructor)) static void begin(void)
{
    folder = getenv("SHADOW_OF");
    shadow = getenv("SHADOW");
}

static int number(int at, const char *name, char *into, size_t size)
{
    struct statx found;
    int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
    if (statx(at, name, flags, STATX_INO | STATX_BTIME, &found) != 0 || !(found.stx_mask & STATX_BTIME))
        return -1;
    snprintf(into, size, "%llu-%lld-%u", (unsigned long long)found.stx_ino, (long long)found.stx_btime.tv_sec,
             found.stx_btime.tv_nsec);
    return 0;
}

static int copy(int from, int to)
{
    char some[65536];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(from, some, sizeof some, at)) > 0) {
        if (write(to, some, got) != got)
            return -1;
        at += got;
    }
    return got < 0 ? -1 : 0;
}

static int list(int to)
{
    DIR *open_folder = opendir(folder);
    struct dirent *one;
    char which[64];
    if (open_folder == NULL)
        return -1;
    while ((one = readdir(open_folder)) != NULL)
        if (one->d_type == DT_REG && number(dirfd(open_folder), one->d_name, which, sizeof which) == 0)
            dprintf(to, "%s %s\n", which, one->d_name);
    closedir(open_folder);
    return 0;
}

/* Keep it before it is flushed: nobody is told that it is safe before it is kept. */
static int keep(int descriptor)
{
    char link[64], path[PATH_MAX], lock_path[PATH_MAX], temporary[PATH_MAX], final[PATH_MAX];
    char which[64];
    struct stat about;
    ssize_t length;
    int lock, to, failed = -1;
    if (folder == NULL || shadow == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0 || fstat(descriptor, &about) != 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0 || strstr(path, " (deleted)") != NULL)
        return 0;
    if (S_ISDIR(about.st_mode) ? strcmp(path, folder) != 0 : strchr(path + strlen(folder) + 1, '/') != NULL)
        return 0;
    if (number(descriptor, "", which, sizeof which) != 0)
        return -1;
    snprintf(lock_path, sizeof lock_path, "%s/lock", shadow);
    lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0)
        return -1;
    snprintf(temporary, sizeof temporary, "%s/temporary", shadow);
    snprintf(final, sizeof final, "%s/%s", shadow, S_ISDIR(about.st_mode) ? "names" : which);
    to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to >= 0) {
        if (S_ISDIR(about.st_mode)) {
            failed = list(to);
        } else {
            /* Not opened anew: closing that would drop the POSIX locks that SQLite has on the file. */
            failed = copy(descriptor, to);
        }
        close(to);
        if (failed == 0)
            failed = rename(temporary, final);
    }
    close(lock);
    return failed;
}

static int flush(const char *name, int descriptor)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (keep(descriptor) != 0) {
        fprintf(stderr, "shadow: cannot keep what is flushed\n");
        abort();
    }
    return real(descriptor);
}

int fsync(int descriptor)
{
    return flush("fsync", descriptor);
}

int fdatasync(int descriptor)
{
    return flush("fdatasync", descriptor);
}
