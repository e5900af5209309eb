/*
 * Runs a harness over every file of the folders named as arguments, and over every prefix of each
 * file, with any compiler. No file at all is a failure: an empty corpus proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_INPUT = 128 * 1024, MAX_PREFIXES = 2048 };

/* An exact-size copy, so that a sanitizer sees the first byte read past the end. */
static void
run_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL) {
		perror("replay: malloc");
		exit(1);
	}
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_file(const char *path)
{
	static uint8_t bytes[LARGEST_INPUT];
	FILE *file = fopen(path, "rb");
	size_t size, prefixes;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	run_copy(bytes, size);
	prefixes = size < MAX_PREFIXES ? size : MAX_PREFIXES;
	for (size_t length = 0; length < prefixes; length++)
		run_copy(bytes, length);
}

int
main(int argc, char **argv)
{
	unsigned files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;

		if (folder == NULL) {
			perror(argv[i]);
			return 1;
		}
		while ((entry = readdir(folder)) != NULL) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			run_file(path);
			files++;
		}
		closedir(folder);
	}
	printf("%u inputs and their prefixes\n", files);
	return files > 0 ? 0 : 1;
}
