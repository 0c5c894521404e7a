/* file_tree.h - files and directories of the system that a test makes, looks at and removes. */
#ifndef SSQL_TESTS_UNIT_SUPPORT_FILE_TREE_H
#define SSQL_TESTS_UNIT_SUPPORT_FILE_TREE_H

void remove_tree(const char *path); /* also where nothing is */
void put_file(const char *path, const char *text);
unsigned count_entries(const char *directory); /* "." and ".." among them */
unsigned count_descriptors(void);              /* of this process, that of the counting among them */

#endif
