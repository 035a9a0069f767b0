#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace emberharmony::bigquery::jobs {

/// What a service account's key file holds.
struct ServiceAccountKey {
  std::string email;
  std::string key_id;
  std::string private_key;  ///< PEM
};

/// A token of a service account for a scope, valid for an hour from `unix_seconds`: a JSON Web
/// Token (RFC 7519) signed with RS256 (RFC 7518, section 3.3), which Google's services take as it
/// is ("Self-signed JWT", AIP-4111), so that no token server is asked. The key is never part of an
/// error.
arrow::Result<std::string> MakeSelfSignedJwt(const ServiceAccountKey& key, std::string_view scope,
                                             int64_t unix_seconds);

/// How long such a token is valid.
inline constexpr int64_t kJwtSeconds = 3600;

}  // namespace emberharmony::bigquery::jobs
