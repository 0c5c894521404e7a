#include "tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 16, PATH_SIZE = 1024 };

static _Noreturn void stop(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
}

static struct tree *reading; /* by nftw, which passes nothing on */
static size_t prefix_size;

static int read_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)place;
    if (flag != FTW_F)
        return 0;
    if (reading->count == TREE_FILES_MOST) {
        errno = EMFILE;
        stop(path);
    }
    struct file *file = &reading->files[reading->count++];
    FILE *stream = fopen(path, "rb");
    *file = (struct file){strdup(path + prefix_size), malloc((size_t)status->st_size + 1), (size_t)status->st_size};
    if (stream == NULL || file->path == NULL || file->bytes == NULL ||
        fread(file->bytes, 1, file->size, stream) != file->size)
        stop(path);
    fclose(stream);
    reading->bytes += file->size;
    return 0;
}

static int compare_files(const void *left, const void *right)
{
    return strcmp(((const struct file *)left)->path, ((const struct file *)right)->path);
}

void tree_read(const char *directory, struct tree *tree)
{
    tree_clear(tree);
    reading = tree;
    prefix_size = strlen(directory) + 1;
    if (nftw(directory, read_entry, OPEN_FOLDERS, FTW_PHYS) != 0)
        stop(directory);
    qsort(tree->files, tree->count, sizeof *tree->files, compare_files);
}

void tree_clear(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].path);
        free(tree->files[i].bytes);
    }
    tree->count = tree->bytes = 0;
}

const struct file *tree_find(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->files[i].path, path) == 0)
            return &tree->files[i];
    return NULL;
}

/* The directories above a file. */
static void make_parents(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            stop(path);
        *at = '/';
    }
}

static void write_file(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
    char path[PATH_SIZE];

    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        stop(name);
    }
    make_parents(path);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bytes, 1, size, stream) != size || fclose(stream) != 0)
        stop(path);
}

static void link_file(const char *from, const char *directory, const char *name)
{
    char old[PATH_SIZE], new[PATH_SIZE];

    if (snprintf(old, sizeof old, "%s/%s", from, name) >= (int)sizeof old ||
        snprintf(new, sizeof new, "%s/%s", directory, name) >= (int)sizeof new) {
        errno = ENAMETOOLONG;
        stop(name);
    }
    make_parents(new);
    if (link(old, new) != 0)
        stop(new);
}

void tree_link(const struct tree *tree, const char *from, const char *directory, const struct file *other,
               const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct file *file = &tree->files[i];
        if (file == other && bytes == NULL)
            continue;
        if (file == other)
            write_file(directory, file->path, bytes, size);
        else if (strncmp(file->path, "tables/", 7) == 0)
            link_file(from, directory, file->path);
        else
            write_file(directory, file->path, file->bytes, file->size);
    }
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

void tree_remove(const char *directory)
{
    if (nftw(directory, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0)
        stop(directory);
}
