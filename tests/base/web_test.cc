#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/base64url.h"
#include "core/base/datetime.h"
#include "core/base/form.h"
#include "core/base/gzip.h"

namespace strata::web {
namespace {

TEST(PercentDecode, DecodesAndRefusesWhatIsBroken) {
  EXPECT_EQ(PercentDecode("a%20b%C3%A9+c"), "a b\xC3\xA9+c");
  EXPECT_EQ(PercentDecode("a+b", Plus::kSpace), "a b");
  for (const char* bad : {"%", "%4", "%zz", "%00", "%C3", "%C0%80", "%ED%A0%80", "%F5%80%80%80"}) {
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
  }
}

// RFC 4648 section 10, without padding.
TEST(Base64Url, GivesBackWhatItTook) {
  for (const auto& [bytes, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xFB\xFF", "-_8"}}) {
    EXPECT_EQ(base::ToBase64Url(bytes), text);
    EXPECT_EQ(base::FromBase64Url(text), bytes);
  }
}

TEST(Base64Url, RefusesWhatItDoesNotMake) {
  for (const char* bad : {"Z", "Zh", "Zm9", "Zg==", "Zm9v=", "+_8", "-/8", "Zm 9v", "Zm9vZ"}) {
    EXPECT_EQ(base::FromBase64Url(bad), std::nullopt) << bad;
  }
}

TEST(PercentEncode, GivesBackWhatItTook) {
  std::string all;
  for (int c = 1; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "\xE2\x82\xAC";

  std::string encoded;
  AppendPercentEncoded(all, &encoded);

  EXPECT_EQ(PercentDecode(encoded), all);
  EXPECT_EQ(encoded.find_first_of(" &=+?#/\"<>"), std::string::npos);
}

TEST(ParseForm, KeepsOrderAndRepeatedNames) {
  const auto form = ParseForm("b=1&&a=x%26y&b=&c&=z");

  ASSERT_TRUE(form.ok());
  EXPECT_EQ(*form, (Parameters{{"b", "1"}, {"a", "x&y"}, {"b", ""}, {"c", ""}, {"", "z"}}));
}

TEST(ParseForm, NamesTheBrokenPieceByNumberOnly) {
  const auto form = ParseForm("ok=1&secret=%GG");

  ASSERT_FALSE(form.ok());
  EXPECT_EQ(form.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(form.status().message(), "parameter number 2 is not percent-encoded UTF-8");
}

TEST(ParseDateTime, KnowsEachPrecision) {
  EXPECT_EQ(ParseDateTime("1970")->end_us, 365LL * 86'400'000'000);
  EXPECT_EQ(ParseDateTime("1970-02")->begin_us, 31LL * 86'400'000'000);
  EXPECT_EQ(ParseDateTime("1970-01-02")->begin_us, 86'400'000'000);
  EXPECT_EQ(ParseDateTime("1970-01-01T01:00+01:00")->begin_us, 0);
  const auto full = ParseDateTime("1970-01-01T00:00:01.25Z");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->begin_us, 1'250'000);
  EXPECT_EQ(full->precision, Precision::kSecond);
  EXPECT_EQ(ParseDateTime("1999-12")->end_us, ParseDateTime("2000")->begin_us);
}

TEST(ParseDateTime, RefusesWhatIsNoDate) {
  for (const char* bad : {"", "19", "0000", "1999-13", "1999-02-29", "1999-1-1", "1999-01-01T",
                          "1999-01-01T24:00Z", "1999-01-01T10:00Zx", "1999-01-01T10:00:00.Z",
                          "1999-01-01 10:00", "1999-01-01T10:00+99:00", "199a"}) {
    EXPECT_FALSE(ParseDateTime(bad)) << bad;
  }
}

TEST(HttpDate, RoundTrips) {
  std::string text;
  AppendHttpDate(784'111'777'000'000, &text);

  EXPECT_EQ(text, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHttpDate(text), 784'111'777'000'000);
  EXPECT_FALSE(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(ParseHttpDate("Sun, 31 Feb 1994 08:49:37 GMT"));
}

TEST(Instant, IsUtcWithMilliseconds) {
  std::string text;
  AppendInstant(784'111'777'123'456, &text);
  text += ' ';
  AppendInstant(-1, &text);

  EXPECT_EQ(text, "1994-11-06T08:49:37.123Z 1969-12-31T23:59:59.999Z");
}

std::string Compress(std::string_view text) {
  std::string out;
  GzipWriter gzip;
  gzip.Write(text, &out);
  gzip.Finish(&out);
  return out;
}

TEST(Gzip, RoundTripsInPieces) {
  const std::string text(300'000, 'x');
  const std::string small = Compress(text);
  ASSERT_LT(small.size(), 2000u);

  GunzipReader gunzip(text.size());
  std::string back;
  for (const char c : small) ASSERT_TRUE(gunzip.Write({&c, 1}, &back).ok());

  EXPECT_TRUE(gunzip.complete());
  EXPECT_EQ(back, text);
}

TEST(Gzip, RefusesBombsAndGarbage) {
  std::string out;
  GunzipReader limited(1000);
  EXPECT_EQ(limited.Write(Compress(std::string(2000, 'x')), &out).code(), Code::kResourceExhausted);
  GunzipReader garbage(1000);
  EXPECT_EQ(garbage.Write("not gzip at all", &out).code(), Code::kInvalidArgument);
  GunzipReader trailing(1000);
  EXPECT_EQ(trailing.Write(Compress("a") + "b", &out).code(), Code::kInvalidArgument);
  GunzipReader cut(1000);
  EXPECT_TRUE(cut.Write(Compress("abc").substr(0, 12), &out).ok());
  EXPECT_FALSE(cut.complete());
}

}  // namespace
}  // namespace strata::web
