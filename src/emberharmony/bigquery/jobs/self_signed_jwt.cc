#include "emberharmony/bigquery/jobs/self_signed_jwt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::jobs {
namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Base64 for URLs, without padding (RFC 4648, section 5).
std::string Base64Url(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    num_bits += 8;
    while (num_bits >= 6) {
      num_bits -= 6;
      out += kDigits[(bits >> num_bits) & 63];
    }
  }
  if (num_bits > 0) out += kDigits[(bits << (6 - num_bits)) & 63];
  return out;
}

/// A key behind a password would make OpenSSL ask for one on the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

/// OpenSSL's reasons may quote what they read, so none is passed on.
arrow::Status BadKey() {
  ERR_clear_error();
  return base::UsageError(
      "the private key of the service account cannot be used: expected an RSA key in PEM, without "
      "a "
      "password; download the key file anew");
}

}  // namespace

arrow::Result<std::string> MakeSelfSignedJwt(const ServiceAccountKey& key, std::string_view scope,
                                             int64_t unix_seconds) {
  nlohmann::json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key.key_id.empty()) header["kid"] = key.key_id;
  const nlohmann::json claims = {{"iss", key.email},
                                 {"sub", key.email},
                                 {"iat", unix_seconds},
                                 {"exp", unix_seconds + kJwtSeconds},
                                 {"scope", scope}};
  // Texts that are not UTF-8 are replaced rather than thrown at.
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  std::string token = Base64Url(header.dump(-1, ' ', false, kReplace)) + "." +
                      Base64Url(claims.dump(-1, ' ', false, kReplace));

  const std::unique_ptr<BIO, Deleter> bio(
      BIO_new_mem_buf(key.private_key.data(), static_cast<int>(key.private_key.size())));
  if (bio == nullptr) return arrow::Status::OutOfMemory("no memory for a private key");
  const std::unique_ptr<EVP_PKEY, Deleter> private_key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassword, nullptr));
  if (private_key == nullptr || EVP_PKEY_base_id(private_key.get()) != EVP_PKEY_RSA) {
    return BadKey();
  }
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(token.data());
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, private_key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, token.size()) != 1) {
    return BadKey();
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     token.size()) != 1) {
    return BadKey();
  }
  signature.resize(size);
  return token + "." + Base64Url(signature);
}

}  // namespace emberharmony::bigquery::jobs
