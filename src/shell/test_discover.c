#include "shell/test_discover.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell/test_random.h"
#include "shell/test_result.h"
#include "shell/test_text.h"

/* A folder that is being looked into, so that a link back to one is seen. */
struct folder {
    const struct folder *parent;
    dev_t device;
    ino_t inode;
};

static bool find_below(struct test_paths *list, const char *path, const struct folder *parent);

static void add_path(struct test_paths *list, const char *path)
{
    list->paths = must_reallocate(list->paths, (list->count + 1) * sizeof *list->paths);
    list->paths[list->count++] = must_copy(path, strlen(path));
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static bool is_ancestor(const struct folder *folder, const struct stat *status)
{
    for (; folder != NULL; folder = folder->parent)
        if (folder->device == status->st_dev && folder->inode == status->st_ino)
            return true;
    return false;
}

static bool complain(const char *path)
{
    fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
    return false;
}

static bool find_in_folder(struct test_paths *list, const char *path, const struct folder *folder)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, by_name);
    bool done = true;

    if (count < 0)
        return complain(path);
    for (int i = 0; i < count; i++) {
        struct text_buffer below = {0};
        bool has_slash = path[strlen(path) - 1] == '/';
        text_format(&below, "%s%s%s", path, has_slash ? "" : "/", entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            done = find_below(list, below.data, folder) && done;
        text_clear(&below);
        free(entries[i]);
    }
    free(entries);
    return done;
}

/* A link that leads nowhere. */
static bool is_dangling(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

static bool find_below(struct test_paths *list, const char *path, const struct folder *parent)
{
    bool is_test = path_has_ending(path, ".ssql") || path_has_ending(path, ".slt") || path_has_ending(path, ".md");
    struct stat status;

    if (stat(path, &status) != 0) {
        if (parent != NULL && !is_test && is_dangling(path))
            return true;
        return complain(path);
    }
    if (!S_ISDIR(status.st_mode)) {
        if (parent == NULL || (is_test && S_ISREG(status.st_mode)))
            add_path(list, path);
        return true;
    }
    if (is_ancestor(parent, &status)) /* a link back: its files are found where they are */
        return true;
    const struct folder folder = {.parent = parent, .device = status.st_dev, .inode = status.st_ino};
    return find_in_folder(list, path, &folder);
}

bool test_paths_find(struct test_paths *list, const char *path)
{
    return find_below(list, path, NULL);
}

void test_paths_clear(struct test_paths *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct test_paths){0};
}

void test_paths_shuffle(struct test_paths *list, uint64_t seed)
{
    for (size_t i = list->count; i > 1; i--) {
        size_t other = random_below(&seed, i);
        char *path = list->paths[i - 1];
        list->paths[i - 1] = list->paths[other];
        list->paths[other] = path;
    }
}

void test_paths_keep_shard(struct test_paths *list, unsigned part, unsigned count)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        const char *path = list->paths[i];
        while (strncmp(path, "./", 2) == 0)
            path += 2;
        if (test_digest(path, strlen(path)) % count == part - 1)
            list->paths[kept++] = list->paths[i];
        else
            free(list->paths[i]);
    }
    list->count = kept;
}
