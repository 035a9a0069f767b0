#include "emberharmony/bigquery/jobs/self_signed_jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

namespace emberharmony::bigquery::jobs {
namespace {

std::string PemOf(EVP_PKEY* key, const char* password) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_128_cbc() : nullptr, password,
                                password ? 6 : 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

TEST(SelfSignedJwt, ForOutsideJudges) {
  // tests/conformance/bigquery/test_jwt.py gives a key and verifies what comes out.
  const char* const key_path = std::getenv("EMBER_TEST_JWT_KEY");
  const char* const out_path = std::getenv("EMBER_TEST_JWT_OUT");
  if (key_path == nullptr || out_path == nullptr) GTEST_SKIP() << "run by test_jwt.py";
  std::ifstream file(key_path, std::ios::binary);
  const std::string pem{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto token = MakeSelfSignedJwt({"robot@proj.iam.gserviceaccount.com", "key-1", pem},
                                       "a-scope", 1700000000);
  ASSERT_TRUE(token.ok()) << token.status().message();
  std::ofstream(out_path, std::ios::binary) << *token;
}

TEST(SelfSignedJwt, IsTheSameEachTimeAndHasThreeParts) {
  EVP_PKEY* const key = EVP_RSA_gen(2048);
  const ServiceAccountKey account{"a@b", "", PemOf(key, nullptr)};
  const auto first = MakeSelfSignedJwt(account, "s", 5);
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ(*first, *MakeSelfSignedJwt(account, "s", 5));
  EXPECT_NE(*first, *MakeSelfSignedJwt(account, "s", 6));
  EXPECT_THAT(*first, testing::MatchesRegex("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+"));
  EVP_PKEY_free(key);
}

TEST(SelfSignedJwt, RefusesOtherKeysWithoutQuotingThem) {
  EVP_PKEY* const rsa = EVP_RSA_gen(2048);
  EVP_PKEY* const curve = EVP_EC_gen("P-256");
  for (const std::string& pem :
       {std::string(), std::string("s3cret"), PemOf(curve, nullptr), PemOf(rsa, "s3cret"),
        std::string("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n")}) {
    const auto token = MakeSelfSignedJwt({"a@b", "k", pem}, "s", 5);
    ASSERT_FALSE(token.ok());
    EXPECT_THAT(token.status().message(), testing::HasSubstr("expected an RSA key"));
    EXPECT_THAT(token.status().message(), testing::Not(testing::HasSubstr("s3cret")));
  }
  EVP_PKEY_free(rsa);
  EVP_PKEY_free(curve);
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs
