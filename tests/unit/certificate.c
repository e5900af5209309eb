#include "certificate.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
insist(int holds)
{
	if (!holds)
		abort();
}

EVP_PKEY *
certificate_make_key(const char *kind, unsigned bits)
{
	EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)bits)
						 : EVP_PKEY_Q_keygen(NULL, NULL, kind, "P-256");

	insist(key != NULL);
	return key;
}

X509 *
certificate_make(EVP_PKEY *key, long seconds)
{
	X509 *certificate = X509_new();
	X509_NAME *name;

	insist(certificate != NULL);
	name = X509_get_subject_name(certificate);
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)"sallyport.test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	insist(X509_set_pubkey(certificate, key) == 1);
	insist(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

static FILE *
open_to_append(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;

	insist(file != NULL);
	return file;
}

void
certificate_append(const char *path, X509 *certificate)
{
	FILE *file = open_to_append(path);

	insist(PEM_write_X509(file, certificate) == 1);
	insist(fclose(file) == 0);
}

void
certificate_append_key(const char *path, EVP_PKEY *key, const char *pass_phrase)
{
	FILE *file = open_to_append(path);
	int length = pass_phrase != NULL ? (int)strlen(pass_phrase) : 0;
	const EVP_CIPHER *cipher = pass_phrase != NULL ? EVP_aes_128_cbc() : NULL;

	insist(PEM_write_PKCS8PrivateKey(file, key, cipher, pass_phrase, length, NULL, NULL) == 1);
	insist(fclose(file) == 0);
}
