// Encryption of one value: known answers, and what must not open.
#include "plugins/hosting_encrypted/envelope.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "plugins/hosting_encrypted/key_map.h"

namespace strata::plugins::hosting_encrypted {
namespace {

KeyBytes Filled(unsigned char byte) {
  KeyBytes key;
  key.fill(byte);
  return key;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
  return hex;
}

// The known answers of c2sp.org/XAES-256-GCM, one for each value of the top bit of L.
TEST(Xaes, KnownAnswers) {
  constexpr std::string_view kNonce = "ABCDEFGHIJKLMNOPQRSTUVWX";
  std::string sealed;
  ASSERT_TRUE(XaesKey::Make(Filled(1))->SealWith(kNonce, "XAES-256-GCM", "", &sealed).ok());
  EXPECT_EQ(Hex(sealed.substr(kNonceBytes)),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  sealed.clear();
  ASSERT_TRUE(XaesKey::Make(Filled(3))
                  ->SealWith(kNonce, "XAES-256-GCM", "c2sp.org/XAES-256-GCM", &sealed)
                  .ok());
  EXPECT_EQ(Hex(sealed.substr(kNonceBytes)),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST(Xaes, OpensOnlyWhatItSealed) {
  const Result<XaesKey> key = XaesKey::Make(Filled(7));
  const Result<XaesKey> other = XaesKey::Make(Filled(8));
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 1U << 20}) {
    const std::string text(size, 't');
    std::string sealed;
    std::string again;
    std::string opened;
    ASSERT_TRUE(key->Seal(text, "where", &sealed).ok());
    ASSERT_TRUE(key->Seal(text, "where", &again).ok());
    EXPECT_NE(sealed, again);
    EXPECT_EQ(sealed.size(), size + kSealBytes);
    ASSERT_TRUE(key->Open(sealed, "where", &opened).ok());
    EXPECT_EQ(opened, text);
    EXPECT_EQ(key->Open(sealed, "elsewhere", &opened).code(), Code::kDataLoss);
    EXPECT_EQ(other->Open(sealed, "where", &opened).code(), Code::kDataLoss);
    sealed[sealed.size() / 2] ^= 1;
    EXPECT_EQ(key->Open(sealed, "where", &opened).code(), Code::kDataLoss);
    EXPECT_EQ(opened, "");
  }
}

class EnvelopeTest : public ::testing::Test {
 protected:
  EnvelopeTest() {
    keys_.push_back({"k", *XaesKey::Make(Filled(1))});
    EXPECT_TRUE(ring_.AddDataKey(keys_, 17).ok());
  }
  std::string Seal(std::string_view key, std::string_view value, const Stamps& stamps = {}) {
    std::string stored;
    EXPECT_TRUE(SealValue(ring_.active(), key, value, stamps, &stored).ok());
    EXPECT_LE(stored.size(), value.size() + kEnvelopeBytes);
    return stored;
  }
  std::string Open(std::string_view key, std::uint64_t version, std::string_view stored) {
    std::string value;
    const Status status = OpenValue(ring_, key, version, stored, &value);
    return status.ok() ? value : "!" + std::string(CodeName(status.code()));
  }

  std::vector<WrappingKey> keys_;
  Keyring ring_;
};

TEST_F(EnvelopeTest, AValueBelongsToItsKey) {
  const std::string stored = Seal("a", "value");
  EXPECT_EQ(stored.find("value"), std::string::npos);
  EXPECT_EQ(Open("a", 3, stored), "value");
  EXPECT_EQ(Open("b", 3, stored), "!DATA_LOSS");
  EXPECT_EQ(Open("a", 3, stored.substr(0, 10)), "!DATA_LOSS");
  EXPECT_EQ(Open("a", 3, "value"), "!DATA_LOSS");
  EXPECT_EQ(Open("a", 3, ""), "!DATA_LOSS");
  EXPECT_EQ(DataKeyOf(stored), 1U);
  EXPECT_EQ(DataKeyOf("value"), 0U);
}

TEST_F(EnvelopeTest, StampsBecomeTheVersion) {
  const std::string stamp("\0\0\0\0\0\0\1\2", 8);
  const std::string stored = Seal("log/--------", "at --------.", {4, 3});
  EXPECT_EQ(Open("log/" + stamp, 0x102, stored), "at " + stamp + ".");
  EXPECT_EQ(Open("log/" + stamp, 0x103, stored), "!DATA_LOSS");
  EXPECT_EQ(Open("lug/" + stamp, 0x102, stored), "!DATA_LOSS");
  EXPECT_EQ(Open("log", 0x102, stored), "!DATA_LOSS");
}

TEST_F(EnvelopeTest, TheRingComesBackFromItsBytes) {
  const std::string stored = Seal("a", "value");
  Result<Keyring> read = Keyring::Decode(ring_.Encode());
  ASSERT_TRUE(read.ok());
  ASSERT_TRUE(read->Unwrap(keys_).ok());
  ring_ = *std::move(read);
  EXPECT_EQ(Open("a", 1, stored), "value");

  for (std::size_t cut = 0; cut < ring_.Encode().size(); ++cut) {
    EXPECT_EQ(Keyring::Decode(ring_.Encode().substr(0, cut)).status().code(), Code::kDataLoss);
  }
  std::vector<WrappingKey> wrong = {{"k", *XaesKey::Make(Filled(9))}};
  EXPECT_EQ(ring_.Unwrap(wrong).code(), Code::kFailedPrecondition);
  std::vector<WrappingKey> unknown = {{"other", *XaesKey::Make(Filled(1))}};
  const Status missing = ring_.Unwrap(unknown);
  EXPECT_EQ(missing.code(), Code::kFailedPrecondition);
  EXPECT_NE(missing.message().find("\"k\""), std::string::npos) << missing.message();
}

TEST(KeyMap, KeepsTheOrderAndLeavesOneKeyFree) {
  const std::vector<std::string> keys = {
      std::string("\0", 1), std::string("\0\0", 2), std::string("\0\1", 2), "\x01", "a", "\xff"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(Original(Stored(keys[i])), keys[i]);
    EXPECT_GT(Stored(keys[i]), kKeyringKey);
    EXPECT_GE(Stored(keys[i]), kFirstKey);
    if (i > 0) {
      EXPECT_GT(Stored(keys[i]), Stored(keys[i - 1]));
    }
  }
  EXPECT_EQ(StoredBegin(""), kFirstKey);
}

}  // namespace
}  // namespace strata::plugins::hosting_encrypted
