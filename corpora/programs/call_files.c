/* Files: opening, data, names, metadata, locks. */
#include "calls.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static char dir[] = "/tmp/calls_filesXXXXXX";

static void show_stat(const char *what, const struct stat *st)
{
    printf("%s: mode %o links %d size %lld blksize %ld uid %d\n", what, st->st_mode, (int)st->st_nlink,
           (long long)st->st_size, (long)st->st_blksize, st->st_uid == getuid());
}

static void data(void)
{
    char buf[64] = {0};
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    SAY(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    SAY(write(fd, "hello, world", 12));
    SAY(lseek(fd, 0, SEEK_SET));
    SAY(read(fd, buf, 5));
    printf("%s\n", buf);
    SAY(pread(fd, buf, 20, 7));
    printf("%.5s\n", buf);
    SAY(pwrite(fd, "HELLO", 5, 100));
    SAY(lseek(fd, 0, SEEK_END));
    SAY(lseek(fd, -200, SEEK_END));
    SAY(lseek(fd, 0, 99));
    struct iovec v[3] = {{buf, 3}, {NULL, 0}, {buf + 10, 4}};
    SAY(preadv(fd, v, 3, 0));
    printf("%.3s %.4s\n", buf, buf + 10);
    SAY(lseek(fd, 0, SEEK_SET));
    SAY(writev(fd, v, 3));
    SAY(preadv2(fd, v, 3, -1, 0));
    SAY(readv(fd, v, -1));
    SAY(readv(fd, v, 2000));
    SAY(ftruncate(fd, 50));
    SAY(truncate("a", 40));
    SAY(fallocate(fd, 0, 0, 4096));
    SAY(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    SAY(fsync(fd));
    SAY(fdatasync(fd));
    struct stat st;
    SAY(fstat(fd, &st));
    show_stat("a", &st);
    SAY(close(fd));
    SAY(close(fd));
    SAY(read(fd, buf, 1));
}

static void flags(void)
{
    int fd = open("a", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    printf("flags %o\n", fcntl(fd, F_GETFL) & ~O_LARGEFILE & ~0100000);
    SAY(fcntl(fd, F_SETFL, O_APPEND));
    printf("flags %o\n", fcntl(fd, F_GETFL) & ~0100000);
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, F_SETFD, 0));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, 9999, 0));
    int d = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    printf("dup %d\n", d);
    SAY(dup2(d, 60));
    SAY(dup3(d, d, 0));
    SAY(dup3(d, 61, O_CLOEXEC));
    SAY(fcntl(61, F_GETFD));
    SAY(close(d));
    SAY(close_range(60, 70, 0));
    SAY(close(61));
    SAY(close_range(5, 4, 0));
    SAY(open("a", O_DIRECTORY | O_RDONLY));
    SAY(open("nothing", O_RDONLY));
    SAY(close(fd));
}

static void locks(void)
{
    int fd = open("a", O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
    SAY(fcntl(fd, F_SETLK, &l));
    SAY(fcntl(fd, F_GETLK, &l));
    printf("lock %d %lld %lld\n", l.l_type, (long long)l.l_start, (long long)l.l_len);
    int other = open("a", O_RDWR);
    struct flock o = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1};
    SAY(fcntl(other, F_OFD_GETLK, &o));
    printf("lock %d %lld %lld\n", o.l_type, (long long)o.l_start, (long long)o.l_len);
    SAY(flock(fd, LOCK_EX | LOCK_NB));
    SAY(flock(other, LOCK_EX | LOCK_NB));
    SAY(flock(fd, LOCK_UN));
    close(fd);
    close(other);
}

static void names(void)
{
    char buf[200] = {0};
    struct stat st;
    struct statx sx;
    SAY(mkdir("d", 0755));
    SAY(mkdir("d", 0755));
    SAY(link("a", "d/b"));
    SAY(symlink("d/b", "s"));
    SAY(readlink("s", buf, sizeof(buf)));
    printf("%s\n", buf);
    SAY(readlink("a", buf, sizeof(buf)));
    SAY(readlink("s", buf, 0));
    SAY(lstat("s", &st));
    show_stat("s", &st);
    SAY(stat("s", &st));
    show_stat("s", &st);
    SAY(statx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx));
    printf("statx mode %o size %llu\n", sx.stx_mode, (unsigned long long)sx.stx_size);
    SAY(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
    SAY(rename("d/b", "c"));
    SAY(stat("s", &st));
    SAY(unlink("s"));
    SAY(unlink("d"));
    SAY(rmdir("d"));
    SAY(access("c", R_OK | W_OK));
    SAY(faccessat(AT_FDCWD, "nothing", F_OK, 0));
    SAY(chmod("c", 0600));
    SAY(stat("c", &st));
    show_stat("c", &st);
    struct timespec t[2] = {{1000, 5}, {2000, 7}};
    SAY(utimensat(AT_FDCWD, "c", t, 0));
    SAY(stat("c", &st));
    printf("times %ld.%ld %ld.%ld\n", st.st_atim.tv_sec, st.st_atim.tv_nsec, st.st_mtim.tv_sec,
           st.st_mtim.tv_nsec);
    SAY(mkfifo("f", 0600));
    SAY(stat("f", &st));
    show_stat("f", &st);
    SAY(unlink("f"));
    SAY(setxattr("c", "user.x", "value", 5, 0) && errno != ENOTSUP);
    struct statfs fs;
    SAY(statfs("c", &fs));
    printf("statfs namelen %ld bsize %ld\n", (long)fs.f_namelen, (long)fs.f_bsize);
    SAY(getcwd(buf, 3) == NULL ? -1 : 0);
    SAY(getcwd(buf, sizeof(buf)) ? 0 : -1);
    printf("cwd %d\n", !strcmp(buf, dir));
    SAY(chdir("c"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void directory(void)
{
    struct dirent **list;
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof(name), "file%03d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    int n = scandir(".", &list, NULL, by_name);
    printf("%d entries, the third %s of type %d, the last %s\n", n, list[2]->d_name, list[2]->d_type,
           list[n - 1]->d_name);
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof(name), "file%03d", i);
        unlink(name);
    }
}

static void moving(void)
{
    int p[2], fd = open("a", O_RDONLY), out = open("o", O_RDWR | O_CREAT, 0600), q[2];
    off_t off = 2;
    char buf[20] = {0};
    SAY(sendfile(out, fd, &off, 6));
    printf("off %lld\n", (long long)off);
    loff_t in = 0, to = 20;
    SAY(copy_file_range(fd, &in, out, &to, 5, 0));
    printf("in %lld to %lld\n", (long long)in, (long long)to);
    SAY(pipe(p));
    SAY(pipe2(q, O_NONBLOCK));
    in = 0;
    SAY(splice(fd, &in, p[1], NULL, 7, 0));
    SAY(tee(p[0], q[1], 4, 0));
    SAY(read(p[0], buf, 20));
    SAY(read(q[0], buf, 20));
    SAY(read(q[0], buf, 20));
    struct iovec v = {"vmsplice", 8};
    SAY(vmsplice(p[1], &v, 1, 0));
    SAY(read(p[0], buf, 20));
    printf("%.8s\n", buf);
    int m = memfd_create("m", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    SAY(write(m, "12345", 5));
    SAY(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK));
    SAY(fcntl(m, F_GET_SEALS));
    SAY(write(m, "1", 1));
    SAY(unlink("o"));
    SAY(fcntl(p[0], F_SETPIPE_SZ, 65536));
    SAY(fcntl(p[0], F_GETPIPE_SZ));
}

int main(void)
{
    umask(022);
    printf("umask %o\n", umask(022));
    if (!mkdtemp(dir) || chdir(dir)) return 1;
    data();
    flags();
    locks();
    names();
    directory();
    moving();
    unlink("a");
    unlink("c");
    if (chdir("/")) return 1;
    SAY(rmdir(dir));
    return 0;
}
