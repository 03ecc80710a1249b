/* Files and folders: stdio and system calls, seeking, mapping, renaming, listing, permissions, errors, pipes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list(const char *path)
{
    char names[16][64];
    int n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) && n < 16;)
        if (e->d_name[0] != '.')
            snprintf(names[n++], sizeof(names[0]), "%.60s%s", e->d_name, e->d_type == DT_DIR ? "/" : "");
    closedir(d);
    qsort(names, (size_t)n, sizeof(names[0]), by_name);
    for (int i = 0; i < n; i++) printf("%s ", names[i]);
    printf("\n");
}

/* One call, one number: what a call returns, and the error it gave. */
#define SHOW(call) show(#call, (long long)(call))

static void show(const char *call, long long v)
{
    printf("%.*s %lld%s%s\n", (int)strcspn(call, "("), call, v, v == -1 ? " " : "",
           v == -1 ? strerror(errno) : "");
}

int main(void)
{
    char dir[] = "/tmp/lockstep-files-XXXXXX", buf[256];
    struct stat st;
    if (!mkdtemp(dir) || chdir(dir)) return 1;
    FILE *f = fopen("a.txt", "w+");
    for (int i = 0; i < 5000; i++) fprintf(f, "line %d\n", i);
    fseek(f, 12000, SEEK_SET);
    if (!fgets(buf, sizeof(buf), f)) return 1;
    printf("%s%ld\n", buf, ftell(f));
    fclose(f);
    stat("a.txt", &st);
    printf("%lld %o %d %ld\n", (long long)st.st_size, st.st_mode & 0777 & ~022, S_ISREG(st.st_mode),
           (long)st.st_nlink);
    int fd = open("a.txt", O_RDWR);
    char *map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memcpy(map, "LINE", 4);
    msync(map, 4096, MS_SYNC);
    SHOW(pread(fd, buf, 6, 0));
    printf("%.6s\n", buf);
    munmap(map, 65536);
    struct iovec v[3] = {{(char[]){"one "}, 4}, {(char[]){"two "}, 4}, {(char[]){"three\n"}, 6}};
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(writev(fd, v, 3));
    SHOW(lseek(fd, -5, SEEK_CUR));
    SHOW(ftruncate(fd, 100));
    fstat(fd, &st);
    printf("%lld\n", (long long)st.st_size);
    close(fd);
    SHOW(mkdir("sub", 0755));
    SHOW(rename("a.txt", "sub/b.txt"));
    SHOW(symlink("sub/b.txt", "link"));
    SHOW(readlink("link", buf, sizeof(buf)));
    SHOW(access("link", R_OK));
    SHOW(open("nowhere", O_RDONLY));
    SHOW(rmdir("sub"));
    SHOW(write(99, "x", 1));
    fd = open("sub", O_RDONLY);
    SHOW(read(fd, buf, 1));
    list(".");
    list("sub");
    int ends[2];
    if (pipe(ends) || write(ends[1], "through a pipe", 14) != 14) return 1;
    SHOW(read(ends[0], buf, sizeof(buf)));
    printf("%.14s\n", buf);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    SHOW(read(ends[0], buf, 1));
    dup2(ends[1], 50);
    SHOW(fcntl(50, F_GETFD));
    SHOW(fcntl(51, F_GETFD));
    SHOW(unlink("link"));
    SHOW(unlink("sub/b.txt"));
    SHOW(rmdir("sub"));
    struct statvfs vfs;
    SHOW(statvfs(".", &vfs));
    SHOW(chdir("/"));
    SHOW(rmdir(dir));
    printf("%s\n", getcwd(buf, sizeof(buf)));
    return 0;
}
