#include "key_pair.h"

#include "conf_environment.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60 };

static int __attribute__((format(printf, 3, 4)))
explain(struct key_pair_fault *fault, enum key_pair_part part, const char *format, ...)
{
	va_list arguments;

	fault->part = part;
	va_start(arguments, format);
	vsnprintf(fault->why, sizeof(fault->why), format, arguments);
	va_end(arguments);
	ERR_clear_error();
	return -1;
}

/* OpenSSL's last word on why something failed. */
static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "no reason was given";
}

static const char *
path_of(const struct conf *conf, enum key_pair_part part)
{
	return part == KEY_PAIR_KEY ? conf->api.tls.key : conf->api.tls.certificate;
}

static int
open_one(const struct conf *conf, enum key_pair_part part, int *fd, struct key_pair_fault *fault)
{
	struct stat status;

	/* Not to hang on a FIFO that nobody writes to. */
	*fd = open(path_of(conf, part), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return explain(fault, part, "cannot be opened: %s", strerror(errno));
	if (fstat(*fd, &status) != 0)
		explain(fault, part, "cannot be looked at: %s", strerror(errno));
	else if (!S_ISREG(status.st_mode))
		explain(fault, part, "is not a regular file");
	else if (part == KEY_PAIR_KEY && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
		explain(fault, part,
		    "is open to every user of this machine (mode %04o); \"chmod o-rw\" it, and "
		    "think about a new key",
		    (unsigned)(status.st_mode & 07777));
	else
		return 0;
	close(*fd);
	return -1;
}

int
key_pair_open(const struct conf *conf, int fds[KEY_PAIR_PARTS], struct key_pair_fault *fault)
{
	if (open_one(conf, KEY_PAIR_CERTIFICATE, &fds[KEY_PAIR_CERTIFICATE], fault) != 0)
		return -1;
	if (open_one(conf, KEY_PAIR_KEY, &fds[KEY_PAIR_KEY], fault) == 0)
		return 0;
	close(fds[KEY_PAIR_CERTIFICATE]);
	return -1;
}

/* A file's bytes, to be forgotten after use. */
struct content {
	unsigned char bytes[KEY_PAIR_MAX_FILE + 1];
	size_t length;
};

static int
read_content(struct content *content, int fd, enum key_pair_part part, struct key_pair_fault *fault)
{
	struct stat status;
	ssize_t got = 1;

	content->length = 0;
	/* Of anything else reading could wait. */
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return explain(fault, part, "is not a regular file");
	while (got > 0 && content->length < sizeof(content->bytes)) {
		got = read(
		    fd, content->bytes + content->length, sizeof(content->bytes) - content->length);
		if (got > 0)
			content->length += (size_t)got;
	}
	if (got < 0)
		return explain(fault, part, "cannot be read: %s", strerror(errno));
	if (content->length > KEY_PAIR_MAX_FILE)
		return explain(fault, part, "has more than %d bytes; is it the right file?",
		    KEY_PAIR_MAX_FILE);
	return 0;
}

/* There is nobody to ask for a pass phrase. */
static int
no_pass_phrase(char *text, int capacity, int writing, void *context)
{
	(void)text;
	(void)capacity;
	(void)writing;
	*(int *)context = 1;
	return -1;
}

static EVP_PKEY *
parse_key(const struct content *content, struct key_pair_fault *fault)
{
	BIO *bio = BIO_new_mem_buf(content->bytes, (int)content->length);
	EVP_PKEY *key = NULL;
	int encrypted = 0;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, &encrypted);
	BIO_free(bio);
	if (key == NULL && encrypted)
		explain(fault, KEY_PAIR_KEY,
		    "wants a pass phrase; a server needs a key without one, such as \"openssl pkey "
		    "-in FILE -out FILE\" makes");
	else if (key == NULL)
		explain(fault, KEY_PAIR_KEY, "has no private key in PEM: %s", reason());
	return key;
}

/* The first certificate, with those behind it in `chain`. */
static X509 *
parse_certificates(
    const struct content *content, STACK_OF(X509) * chain, struct key_pair_fault *fault)
{
	BIO *bio = BIO_new_mem_buf(content->bytes, (int)content->length);
	X509 *leaf = NULL, *next = NULL;
	unsigned long error = 0;

	if (bio != NULL)
		leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (leaf == NULL)
		explain(fault, KEY_PAIR_CERTIFICATE, "has no certificate in PEM: %s", reason());
	while (leaf != NULL && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(chain, next) == 0) {
			X509_free(next);
			break;
		}
	}
	error = ERR_peek_last_error();
	/* "No start line" is how the end of the file looks. */
	if (leaf != NULL &&
	    (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)) {
		explain(fault, KEY_PAIR_CERTIFICATE,
		    "is damaged behind its certificate number %d: %s", 1 + sk_X509_num(chain),
		    reason());
		X509_free(leaf);
		leaf = NULL;
	}
	ERR_clear_error();
	BIO_free(bio);
	return leaf;
}

static time_t
end_of(const X509 *certificate)
{
	struct tm calendar;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &calendar) == 1 ? timegm(&calendar)
										: 0;
}

static int
put_into(SSL_CTX *context, X509 *leaf, EVP_PKEY *key, STACK_OF(X509) * chain,
    struct key_pair_fault *fault)
{
	if (X509_check_private_key(leaf, key) != 1)
		return explain(fault, KEY_PAIR_KEY,
		    "is not the key of the (first) certificate in the certificate's file");
	if (SSL_CTX_use_cert_and_key(context, leaf, key, chain, 1) != 1)
		return explain(fault, KEY_PAIR_CERTIFICATE, "cannot be used: %s", reason());
	return 0;
}

int
key_pair_use(
    SSL_CTX *context, const int fds[KEY_PAIR_PARTS], time_t *ends, struct key_pair_fault *fault)
{
	struct content *content = malloc(sizeof(*content));
	STACK_OF(X509) *chain = sk_X509_new_null();
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	int result = -1;

	ERR_clear_error();
	if (content == NULL || chain == NULL)
		explain(fault, KEY_PAIR_CERTIFICATE, "cannot be read: out of memory");
	else if (read_content(content, fds[KEY_PAIR_CERTIFICATE], KEY_PAIR_CERTIFICATE, fault) == 0)
		leaf = parse_certificates(content, chain, fault);
	if (leaf != NULL && read_content(content, fds[KEY_PAIR_KEY], KEY_PAIR_KEY, fault) == 0)
		key = parse_key(content, fault);
	if (key != NULL) {
		result = put_into(context, leaf, key, chain, fault);
		*ends = end_of(leaf);
	}
	if (content != NULL)
		explicit_bzero(content, sizeof(*content));
	free(content);
	EVP_PKEY_free(key);
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	return result;
}

static void
print(const struct conf *conf, enum key_pair_part part, const char *kind, const char *text,
    FILE *messages)
{
	struct conf_place place =
	    part == KEY_PAIR_KEY ? conf->api.tls.key_place : conf->api.tls.certificate_place;
	char text_of_place[CONF_ENVIRONMENT_PLACE];

	conf_environment_place(text_of_place, conf->file, place);
	fprintf(messages, "%s: %s: api.tls.%s: %s %s\n", text_of_place, kind,
	    part == KEY_PAIR_KEY ? "key" : "certificate", path_of(conf, part), text);
}

void
key_pair_print_fault(const struct conf *conf, const struct key_pair_fault *fault, FILE *messages)
{
	print(conf, fault->part, "error", fault->why, messages);
}

int
key_pair_check(const struct conf *conf, FILE *messages)
{
	SSL_CTX *context = NULL;
	int fds[KEY_PAIR_PARTS];
	struct key_pair_fault fault;
	char text[KEY_PAIR_WHY];
	time_t ends = 0, now = time(NULL);
	int failed;

	if (conf->api.tls.certificate == NULL)
		return 0;
	if (key_pair_open(conf, fds, &fault) != 0) {
		key_pair_print_fault(conf, &fault, messages);
		return 1;
	}
	context = SSL_CTX_new(TLS_server_method());
	failed = context != NULL
		     ? key_pair_use(context, fds, &ends, &fault)
		     : explain(&fault, KEY_PAIR_CERTIFICATE, "cannot be used: out of memory");
	SSL_CTX_free(context);
	close(fds[KEY_PAIR_CERTIFICATE]);
	close(fds[KEY_PAIR_KEY]);
	if (failed) {
		key_pair_print_fault(conf, &fault, messages);
	} else if (key_pair_ends_soon(ends, now)) {
		key_pair_describe_end(text, ends, now);
		print(conf, KEY_PAIR_CERTIFICATE, "warning", text, messages);
	}
	return failed ? 1 : 0;
}

int
key_pair_ends_soon(time_t ends, time_t now)
{
	return ends - now < (time_t)KEY_PAIR_WARN_DAYS * DAY;
}

void
key_pair_describe_end(char text[KEY_PAIR_WHY], time_t ends, time_t now)
{
	struct tm calendar;
	char date[32];
	long days = (long)((ends - now) / DAY);

	gmtime_r(&ends, &calendar);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &calendar);
	if (ends <= now)
		snprintf(text, KEY_PAIR_WHY, "ended at %s; clients refuse it: renew it now", date);
	else if (days == 0)
		snprintf(text, KEY_PAIR_WHY, "ends at %s, within a day; renew it now", date);
	else
		snprintf(text, KEY_PAIR_WHY, "ends at %s, in %ld day%s; renew it", date, days,
		    days == 1 ? "" : "s");
}
