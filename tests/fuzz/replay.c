/* replay.c - runs the files of the folders and files named on the command line through a fuzz target, for builds
 * without a fuzzer: the corpus is a regression test. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed_count;

static bool complain(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return false;
}

static bool replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size + 1);
    bool is_read = file != NULL && data != NULL && fread(data, 1, size, file) == size;

    if (is_read) {
        LLVMFuzzerTestOneInput(data, size);
        replayed_count++;
    } else {
        complain(path);
    }
    if (file != NULL)
        fclose(file);
    free(data);
    return is_read;
}

static bool replay(const char *path);

static bool replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    bool all_read = true;

    if (folder == NULL)
        return complain(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        if ((size_t)snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= sizeof child) {
            errno = ENAMETOOLONG;
            all_read = complain(path);
        } else if (!replay(child)) {
            all_read = false;
        }
    }
    closedir(folder);
    return all_read;
}

static bool replay(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return complain(path);
    return S_ISDIR(status.st_mode) ? replay_folder(path) : replay_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv)
{
    bool all_read = argc > 1;

    for (int i = 1; i < argc; i++)
        all_read = replay(argv[i]) && all_read;
    printf("%u inputs\n", replayed_count);
    return all_read && replayed_count > 0 ? 0 : 1;
}
