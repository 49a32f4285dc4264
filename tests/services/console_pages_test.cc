#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "core/base/form.h"
#include "tests/services/browser.h"
#include "tests/services/fake_core.h"
#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_service_console(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMemory[] = "/opt/strata/plugins/strata.hosting.memory";

// Text between `before` and the next quote.
std::string Quoted(const std::string& page, const std::string& before) {
  const std::size_t at = page.find(before);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size();
  return page.substr(begin, page.find('"', begin) - begin);
}

class Console : public ::testing::Test {
 protected:
  void SetUp() override {
    package_ = ::testing::TempDir() + "strata_console_package";
    std::filesystem::create_directories(package_);
    for (const char* file : {"/console.css", "/console.js", "/favicon.svg"}) {
      std::ofstream(package_ + file) << "/* */";
    }
    host_.SetPackageDir(package_);
    host_.SetNowUs(1'767'225'600'000'000);
    ASSERT_TRUE(host_.Add("core", FakeCore::Plugin(), core_.Config()).ok());
    const Status status =
        host_.Add("console", strata_plugin_service_console(0), "{}", {{"core", "core"}});
    ASSERT_TRUE(status.ok()) << status.ToString();
    browser_ = std::make_unique<Browser>(host_, "console", "/");
  }

  // A page, with the cookie that the first one set.
  HttpAnswer Get(const std::string& path) {
    HttpAnswer answer = browser_->Get(path, {{"cookie", cookie_}});
    const std::string set = answer.Header("set-cookie");
    if (!set.empty()) cookie_ = set.substr(0, set.find(';'));
    const std::string token = Quoted(answer.body, "name=\"token\" value=\"");
    if (!token.empty()) token_ = token;
    return answer;
  }
  std::string Page(const std::string& path) {
    const HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.code, 200u) << path << "\n" << answer.body;
    return answer.body;
  }
  // A form, with the token of the last page that had one.
  HttpAnswer Post(const std::string& path, web::Parameters fields) {
    std::string body;
    web::AppendParameter("token", token_, &body);
    for (const auto& [name, value] : fields) web::AppendParameter(name, value, &body);
    HttpAnswer answer = browser_->Send(
        "POST", path, {{"cookie", cookie_}, {"content-type", "application/x-www-form-urlencoded"}},
        body);
    const std::string token = Quoted(answer.body, "name=\"token\" value=\"");
    if (!token.empty()) token_ = token;
    return answer;
  }
  // The hidden fields of a confirmation.
  static web::Parameters Hidden(const std::string& page) {
    web::Parameters out;
    const std::string start = "<input type=\"hidden\" name=\"";
    for (std::size_t at = page.find(start); at != std::string::npos;
         at = page.find(start, at + 1)) {
      const std::string rest = page.substr(at);
      const std::string name = Quoted(rest, "name=\"");
      if (name != "token") out.emplace_back(name, Quoted(rest, "value=\""));
    }
    return out;
  }
  // Swaps "left" through the pages; gives the address of the change.
  std::string Swap() {
    Page("/slots/left/swap");
    const HttpAnswer plan = Post("/slots/left/swap", {{"package", kMemory}});
    EXPECT_EQ(plan.code, 200u) << plan.body;
    const HttpAnswer done = Post("/slots/left/swap/now", Hidden(plan.body));
    EXPECT_EQ(done.code, 303u) << done.body;
    return done.Header("location");
  }

  std::string package_;
  std::string cookie_;
  std::string token_;
  FakeCore core_;
  FakeHost host_;
  std::unique_ptr<Browser> browser_;
};

TEST_F(Console, ShowsTheStackWithoutAnyScript) {
  const std::string page = Page("/");

  EXPECT_THAT(page, AllOf(HasSubstr("Ready. All 7 slots serve."), HasSubstr(">Digital services<"),
                          HasSubstr("<a href=\"/slots/record\">record</a>"),
                          HasSubstr("strata.hosting.sqlite 0.1.0"), HasSubstr("in its own process"),
                          HasSubstr("Uses mirror as store"), HasSubstr("<dd>0.34 ms</dd>"),
                          HasSubstr("<a href=\"/\">Refresh</a>")));
}

TEST_F(Console, SaysWhichSlotDoesNotServeAndWhy) {
  core_.Slot("record")->mutable_health()->set_state(core::v1::Health::STATE_NOT_SERVING);
  core_.Slot("record")->mutable_health()->set_reason("<the store> is full");
  core_.status.set_ready(false);

  EXPECT_THAT(Page("/"), AllOf(HasSubstr("Not ready. 6 of 7 slots serve. Look at: record."),
                               HasSubstr("&lt;the store&gt; is full")));
}

TEST_F(Console, HasAStrictContentSecurityPolicy) {
  const HttpAnswer answer = Get("/");

  EXPECT_THAT(answer.Header("content-security-policy"),
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
                    Not(HasSubstr("unsafe"))));
  EXPECT_THAT(answer.body, AllOf(Not(HasSubstr("style=")), Not(HasSubstr("<script>"))));
  EXPECT_EQ(answer.Header("cache-control"), "no-store");
}

TEST_F(Console, LiveUpdatesAreOneEventThatEnds) {
  Page("/");
  const HttpAnswer answer = Get("/live");

  EXPECT_EQ(answer.Header("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_THAT(answer.body, ::testing::StartsWith("retry: 1000\ndata: <div"));
  EXPECT_THAT(answer.body, ::testing::EndsWith("\n\n"));
  EXPECT_EQ(Get("/slots/none/live").code, 404u);
}

TEST_F(Console, ASwapShowsItsPlanBeforeItIsDone) {
  Page("/slots/left/swap");
  const HttpAnswer plan =
      Post("/slots/left/swap", {{"package", kMemory}, {"mode", "handover"}, {"probation", "60"}});

  EXPECT_EQ(core_.deeds, 0);
  EXPECT_THAT(plan.body,
              AllOf(HasSubstr("Check the plan"), HasSubstr("strata.hosting.memory 0.1.0"),
                    HasSubstr("Requests wait while the stored data changes hands."),
                    HasSubstr("Swap now")));
  EXPECT_EQ(Post("/slots/left/swap/now", Hidden(plan.body)).code, 303u);
  EXPECT_EQ(core_.deeds, 1);
  EXPECT_EQ(core_.last_swap.slot(), "left");
  EXPECT_EQ(core_.last_swap.mode(), core::v1::SWAP_MODE_HANDOVER);
  EXPECT_EQ(core_.last_swap.probation_s(), 60u);
  EXPECT_FALSE(core_.last_swap.request_id().empty());
}

TEST_F(Console, AChangeIsFollowedToItsEnd) {
  const std::string change = Swap();

  EXPECT_THAT(Page(change), AllOf(HasSubstr("Swap: left"), HasSubstr("Running")));
  Page(change);
  EXPECT_THAT(Page(change), AllOf(HasSubstr("On probation"), HasSubstr("End the probation")));
  EXPECT_THAT(Page("/"), HasSubstr("<a href=\"" + change + "\">Swap: left</a>"));
  EXPECT_THAT(Page("/slots/left"), HasSubstr("Roll back"));
  Page(change + "/end");
  EXPECT_EQ(Post(change + "/end", {}).Header("location"), change);
  EXPECT_THAT(Page(change), AllOf(HasSubstr("Done"), Not(HasSubstr("data-live"))));
  EXPECT_THAT(Get(change + "/live").body, HasSubstr("event: end\n"));
  EXPECT_THAT(Page("/changes"), AllOf(HasSubstr("17 drained, 0 cancelled"), HasSubstr("operator")));
}

TEST_F(Console, ARollbackAsksAtOnce) {
  const std::string change = Swap();
  for (int i = 0; i < 4; ++i) Page(change);
  const std::string plan = Page("/slots/left/rollback");

  EXPECT_THAT(plan, AllOf(HasSubstr("strata.hosting.sqlite 0.1.0"), HasSubstr("Roll back now")));
  EXPECT_EQ(Post("/slots/left/rollback/now", Hidden(plan)).code, 303u);
}

TEST_F(Console, APlanOfAnotherGenerationIsShownAnew) {
  Page("/slots/left/swap");
  const HttpAnswer plan = Post("/slots/left/swap", {{"package", kMemory}});
  core_.status.set_generation(13);
  const HttpAnswer again = Post("/slots/left/swap/now", Hidden(plan.body));

  EXPECT_EQ(again.code, 409u);
  EXPECT_THAT(again.body, HasSubstr("The stack has changed since the plan was made"));
  EXPECT_EQ(core_.deeds, 0);
  EXPECT_EQ(Post("/slots/left/swap/now", Hidden(again.body)).code, 303u);
}

TEST_F(Console, ARefusalOfTheCoreIsShownAtTheForm) {
  Page("/slots/left/swap");
  const HttpAnswer answer =
      Post("/slots/left/swap", {{"package", "/opt/strata/plugins/example.hosting.old"}});

  EXPECT_EQ(answer.code, 400u);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("There is a problem"),
                                 HasSubstr("The core refuses this: abi: it was built for")));
  EXPECT_THAT(Post("/slots/left/swap", {}).body, HasSubstr("Choose the package"));
}

constexpr char kFile[] = "stack: ward\r\nslots:\r\n  left: {plugin: hosting_memory}\r\n";

TEST_F(Console, AStackFileShowsItsDifferenceBeforeItIsApplied) {
  EXPECT_THAT(Page("/"), HasSubstr("href=\"/apply\""));
  EXPECT_THAT(Page("/apply"), HasSubstr("Show the difference"));

  const HttpAnswer plan = Post("/apply", {{"file", kFile}, {"probation", "60"}});
  EXPECT_EQ(plan.code, 200u);
  EXPECT_THAT(plan.body, AllOf(HasSubstr("Check the difference"),
                               HasSubstr("strata.hosting.memory 0.1.0"), HasSubstr("Apply now")));
  EXPECT_EQ(core_.deeds, 0);
  EXPECT_THAT(Quoted(plan.body, "name=\"file\" value=\""), Not(HasSubstr("\r")));

  const HttpAnswer done = Post("/apply/now", Hidden(plan.body));
  EXPECT_EQ(done.code, 303u) << done.body;
  EXPECT_THAT(done.Header("location"), HasSubstr("/changes/"));
  EXPECT_EQ(core_.deeds, 1);
}

TEST_F(Console, AStackFileThatIsWrongIsShownAgainWithTheReason) {
  Page("/apply");

  const HttpAnswer none = Post("/apply", {{"file", " \r\n"}});
  EXPECT_EQ(none.code, 400u);
  EXPECT_THAT(none.body, HasSubstr("Paste the stack file"));

  const HttpAnswer wrong = Post("/apply", {{"file", "stack: <ward>"}});
  EXPECT_EQ(wrong.code, 400u);
  EXPECT_THAT(wrong.body,
              AllOf(HasSubstr("is missing or empty"), HasSubstr("stack: &lt;ward&gt;")));

  const HttpAnswer time = Post("/apply", {{"file", kFile}, {"probation", "soon"}});
  EXPECT_THAT(time.body, HasSubstr("Probation must be a whole number"));

  EXPECT_THAT(Post("/apply", {{"file", "stack: ward\nslots:\n  a: {plugin: b}\n"}}).body,
              HasSubstr("the stack is as the file says"));
  EXPECT_EQ(core_.deeds, 0);
}

TEST_F(Console, AStackFileIsComparedAnewWhenTheStackHasChanged) {
  Page("/apply");
  const HttpAnswer plan = Post("/apply", {{"file", kFile}});
  core_.status.set_generation(core_.status.generation() + 1);

  const HttpAnswer again = Post("/apply/now", Hidden(plan.body));

  EXPECT_EQ(again.code, 409u);
  EXPECT_THAT(again.body, HasSubstr("The stack has changed since"));
  EXPECT_EQ(core_.deeds, 0);
}

TEST_F(Console, FormsWithoutATokenAreRefused) {
  Page("/slots/left/swap");
  const std::string good = token_;
  for (const std::string& token : {std::string(), std::string(64, '0'), good + "0"}) {
    token_ = token;
    const HttpAnswer answer = Post("/slots/left/swap/now", {{"package", kMemory}});
    EXPECT_EQ(answer.code, 403u);
    EXPECT_THAT(answer.body, HasSubstr("This form is no longer valid"));
  }
  // The token of another session.
  token_ = good;
  cookie_ = "strata-console=" + std::string(32, 'a');
  EXPECT_EQ(Post("/slots/left/swap/now", {{"package", kMemory}}).code, 403u);
  cookie_.clear();
  EXPECT_EQ(Post("/slots/left/swap/now", {{"package", kMemory}}).code, 403u);
  EXPECT_EQ(core_.deeds, 0);
}

TEST_F(Console, AMoveShowsHowFarItIs) {
  Page("/slots/left/move");
  const HttpAnswer plan = Post("/slots/left/move", {{"package", kMemory}});
  const std::string change = Post("/slots/left/move/now", Hidden(plan.body)).Header("location");

  Page(change);
  EXPECT_THAT(Page(change),
              AllOf(HasSubstr("<progress max=\"1204331\""), HasSubstr("401,444 rows of 1,204,331"),
                    HasSubstr("41,000 rows per second"), HasSubstr("12 commits behind")));
}

TEST_F(Console, ATrialSaysWhatWillHappenAndShowsDifferences) {
  Page("/slots/record/trial");
  const web::Parameters form = {{"package", "/opt/strata/plugins/strata.data.fhir"},
                                {"shadow", "10"},
                                {"scratch_package", "hosting_memory"},
                                {"minutes", "30"}};
  const HttpAnswer plan = Post("/slots/record/trial", form);
  EXPECT_THAT(plan.body, AllOf(HasSubstr("was checked: strata.data.fhir 0.2.0"),
                               HasSubstr("copies of 10 % of the reads"),
                               HasSubstr("a copy in hosting_memory that is thrown away"),
                               HasSubstr("after 30 min 0 s")));
  const std::string trial = Post("/slots/record/trial/now", Hidden(plan.body)).Header("location");

  EXPECT_THAT(Page(trial), AllOf(HasSubstr("99.6 % the same"),
                                 HasSubstr("<code>entries[*].resource.meta.lastUpdated</code>"),
                                 HasSubstr("7 copies: the candidate was behind, or the data had "
                                           "changed")));
  EXPECT_THAT(Page("/slots/record"), HasSubstr(trial));
  Page(trial + "/end");
  EXPECT_EQ(Post(trial + "/end", {}).Header("location"), trial);
  EXPECT_THAT(Page(trial), HasSubstr("Ended"));
}

TEST_F(Console, ACanarySaysWhoAnswersWhom) {
  Page("/slots/record/trial");
  const web::Parameters form = {
      {"package", "/opt/strata/plugins/strata.data.fhir"}, {"shadow", "0"}, {"canary", "2.5"}};
  const HttpAnswer plan = Post("/slots/record/trial", form);
  EXPECT_THAT(plan.body, AllOf(HasSubstr("requests about 2.5 % of the patients"),
                               HasSubstr("is part of the record"), Not(HasSubstr("thrown away"))));
  const std::string trial = Post("/slots/record/trial/now", Hidden(plan.body)).Header("location");

  EXPECT_THAT(Page(trial), AllOf(HasSubstr("2.5 % of patients answered"), HasSubstr("All others"),
                                 HasSubstr("40 requests answered")));
  EXPECT_THAT(Page(trial + "/end"), HasSubstr("go back to the live plugin"));
}

TEST_F(Console, ATrialIsAShadowOrACanary) {
  Page("/slots/record/trial");
  const HttpAnswer answer =
      Post("/slots/record/trial",
           {{"shadow", "10"}, {"canary", "5"}, {"scratch_package", "hosting_memory"}});

  EXPECT_EQ(answer.code, 400u);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("Choose one: copies of reads"),
                                 HasSubstr("has no store of its own")));
}

TEST_F(Console, ATrialOfNothingIsAnError) {
  Page("/slots/record/trial");
  const HttpAnswer answer = Post("/slots/record/trial", {{"shadow", "0"}, {"canary", "101"}});

  EXPECT_EQ(answer.code, 400u);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("Choose the package"),
                                 HasSubstr("Patients must be a percentage from 0 to 100")));
}

TEST_F(Console, ACoreThatCannotSaysSo) {
  core_.can_change = false;
  core_.can_trial = false;

  EXPECT_THAT(Page("/slots/left"), AllOf(HasSubstr("Swap the plugin: Not available in this core."),
                                         Not(HasSubstr("href=\"/slots/left/swap\""))));
  EXPECT_THAT(Page("/changes"), HasSubstr("Not available"));
  EXPECT_THAT(Page("/trials"), HasSubstr("Not available"));
  EXPECT_EQ(Get("/slots/left/swap").code, 409u);
  EXPECT_EQ(Get("/slots/left/trial").code, 501u);
}

TEST_F(Console, ListsPackagesWithTheirProblems) {
  EXPECT_THAT(Page("/packages"),
              AllOf(HasSubstr("strata.hosting.memory"), HasSubstr("Cannot be loaded"),
                    HasSubstr("built for version 0 of the plugin ABI")));
}

TEST_F(Console, WhatIsNotThereIsAPage) {
  for (const char* path : {"/slots/none", "/slots/left/eat", "/changes/9", "/trials/9", "/nothing",
                           "/slots/%ZZ", "/a/b/c/d", "/assets/none.css"}) {
    const HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.code, 404u) << path;
    EXPECT_THAT(answer.body, HasSubstr("Page not found"));
  }
  EXPECT_EQ(browser_->Send("PUT", "/", {}, "").code, 405u);
}

TEST_F(Console, ServesItsFilesWithTheirTypes) {
  EXPECT_EQ(Get("/assets/console.js").Header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(browser_
                ->Get("/assets/console.css",
                      {{"if-none-match", Get("/assets/console.css").Header("etag")}})
                .code,
            304u);
}

TEST_F(Console, RefusesSettingsThatItDoesNotKnow) {
  const Status status = host_.Add("other", strata_plugin_service_console(0), R"({"colour": "red"})",
                                  {{"core", "core"}});

  EXPECT_THAT(status.message(), HasSubstr("\"colour\" is not a setting of the console"));
}

}  // namespace
}  // namespace strata::testing
