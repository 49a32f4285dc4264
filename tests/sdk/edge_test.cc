// What crosses the edge between two plugins besides messages: errors, identity, time, cancellation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strata/plugin.h>

#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include "sdktest/v1/store.strata.h"
#include "tests/sdk/plugins.h"
#include "tests/support/fake_host.h"

namespace strata {
namespace {

using namespace std::chrono_literals;
using sdktest::v1::GetRequest;
using sdktest::v1::Record;
using sdktest::v1::ScanRequest;
using sdktest::v1::StoreClient;
using sdktest::v1::StoreService;
using testing::FakeHost;
using testing::FakeRequest;

// Serves Get with whatever the test sets.
class Scripted final : public StoreService {
 public:
  using Script = std::function<Status(Context&, const GetRequest&, Record*)>;

  Scripted(Host host, std::string_view) : below_(host, "below") {}
  Status Get(Context& cx, const GetRequest& request, Record* record) override {
    return script(cx, request, record);
  }
  Status Scan(Context& cx, const ScanRequest& request, Writer<Record>&) override {
    GetRequest get;
    get.set_id(request.first_id());
    Record record;
    return script(cx, get, &record);
  }
  StoreClient& below() { return below_; }

  Script script = [](Context&, const GetRequest&, Record*) { return OkStatus(); };

 private:
  StoreClient below_;
};

const strata_plugin* ScriptedPlugin() {
  return sdk::PluginTable<Scripted, StoreService>::Get({"sdktest.scripted", "1.0.0", "sdktest"});
}

// "top" calls "bottom" through its binding "below".
class EdgeTest : public ::testing::Test {
 protected:
  EdgeTest() {
    EXPECT_TRUE(host_.Add("bottom", ScriptedPlugin()).ok());
    EXPECT_TRUE(host_.Add("top", ScriptedPlugin(), "{}", {{"below", "bottom"}}).ok());
    top().script = [this](Context& cx, const GetRequest& request, Record* record) {
      return top().below().Get(cx, request, record);
    };
  }

  Scripted& top() { return *static_cast<Scripted*>(host_.Instance("top")); }
  Scripted& bottom() { return *static_cast<Scripted*>(host_.Instance("bottom")); }

  Status CallTop(const Context& cx) {
    Record record;
    return StoreClient(host_.Client(), "top").Get(cx, {}, &record);
  }

  FakeHost host_;
};

TEST_F(EdgeTest, StatusMessageAndDetailsArriveThroughTwoHops) {
  bottom().script = [](Context&, const GetRequest&, Record*) {
    return Aborted("precondition 3 failed").WithDetails(std::string("\0\1bin", 5));
  };
  FakeRequest request;

  const Status status = CallTop(request.context());

  EXPECT_EQ(status.ToString(), "ABORTED: precondition 3 failed");
  EXPECT_EQ(status.details(), std::string("\0\1bin", 5));
}

TEST_F(EdgeTest, ExceptionsBecomeStatuses) {
  FakeRequest request;
  const auto answer = [&](const std::function<void()>& fail) {
    bottom().script = [&](Context&, const GetRequest&, Record*) {
      fail();
      return OkStatus();
    };
    return CallTop(request.context()).ToString();
  };

  EXPECT_EQ(answer([] { throw std::runtime_error("broken"); }), "INTERNAL: broken");
  EXPECT_EQ(answer([] { throw std::bad_alloc(); }), "RESOURCE_EXHAUSTED: out of memory");
  EXPECT_EQ(answer([] { throw StatusError(DataLoss("page 7")); }), "DATA_LOSS: page 7");
  EXPECT_EQ(answer([] { throw 42; }), "INTERNAL: an exception of unknown type");
}

TEST_F(EdgeTest, AnErrorOfAStreamKeepsItsReason) {
  bottom().script = [](Context&, const GetRequest&, Record*) { return Unavailable("busy"); };
  FakeRequest request;

  const Status status =
      StoreClient(host_.Client(), "bottom").Scan(request.context(), {}, [](const Record&) {
        return true;
      });

  EXPECT_EQ(status.ToString(), "UNAVAILABLE: busy");
}

TEST_F(EdgeTest, IdentityAndMetadataFollowTheRequest) {
  std::string seen;
  bottom().script = [&](Context& cx, const GetRequest&, Record*) {
    seen = std::string(cx.Auth()) + "/" + std::string(cx.MetadataValue("traceparent").value_or(""));
    return OkStatus();
  };
  FakeRequest request({.auth = "dr-jones", .metadata = {{"traceparent", "00-1"}}});

  ASSERT_TRUE(CallTop(request.context()).ok());

  EXPECT_EQ(seen, "dr-jones/00-1");
}

TEST_F(EdgeTest, BackgroundWorkHasNoIdentity) {
  std::string seen = "not called";
  bottom().script = [&](Context& cx, const GetRequest&, Record*) {
    seen = cx.Auth();
    return OkStatus();
  };

  ASSERT_TRUE(CallTop(Context::Background(1s)).ok());

  EXPECT_EQ(seen, "");
}

TEST_F(EdgeTest, ANestedCallInheritsTheDeadlineAndCanOnlyShortenIt) {
  std::chrono::steady_clock::time_point inherited;
  std::chrono::steady_clock::time_point shortened;
  bottom().script = [&](Context& cx, const GetRequest& request, Record*) {
    (request.id() == "later" ? inherited : shortened) = cx.Deadline();
    return OkStatus();
  };
  top().script = [&](Context& cx, const GetRequest&, Record* record) -> Status {
    GetRequest request;
    request.set_id("later");
    STRATA_RETURN_IF_ERROR(top().below().Get(cx.WithTimeout(100s), request, record));
    request.set_id("sooner");
    return top().below().Get(cx.WithTimeout(1s), request, record);
  };
  FakeRequest request({.timeout = 10s});

  ASSERT_TRUE(CallTop(request.context()).ok());

  EXPECT_EQ(inherited, request.context().Deadline());
  EXPECT_LT(shortened, inherited);
}

TEST_F(EdgeTest, APassedDeadlineShowsAsCancelled) {
  bool cancelled = false;
  bottom().script = [&](Context& cx, const GetRequest&, Record*) {
    cancelled = cx.Cancelled();
    return DeadlineExceeded("too late");
  };
  FakeRequest request({.timeout = -1us});

  EXPECT_EQ(CallTop(request.context()).code(), Code::kDeadlineExceeded);

  EXPECT_TRUE(cancelled);
}

TEST_F(EdgeTest, CancellingTheRequestReachesTheLowestLayer) {
  FakeRequest request;
  bool before = true;
  bool after = false;
  int callbacks = 0;
  bottom().script = [&](Context& cx, const GetRequest&, Record*) {
    const CancelCallback count(cx, [&] { ++callbacks; });
    before = cx.Cancelled();
    request.Cancel();
    after = cx.Cancelled();
    return Cancelled("stopped");
  };

  EXPECT_EQ(CallTop(request.context()).code(), Code::kCancelled);

  EXPECT_FALSE(before);
  EXPECT_TRUE(after);
  EXPECT_EQ(callbacks, 1);
}

TEST_F(EdgeTest, ACallbackIsTakenBackWithItsScope) {
  FakeRequest request;
  int callbacks = 0;
  bottom().script = [&](Context& cx, const GetRequest&, Record*) {
    const CancelCallback count(cx, [&] { ++callbacks; });
    return OkStatus();
  };
  ASSERT_TRUE(CallTop(request.context()).ok());

  request.Cancel();

  EXPECT_EQ(callbacks, 0);
}

TEST_F(EdgeTest, ACallbackOnACancelledCallRunsAtOnce) {
  FakeRequest request;
  request.Cancel();
  int callbacks = 0;

  const CancelCallback count(request.context(), [&] { ++callbacks; });

  EXPECT_EQ(callbacks, 1);
}

TEST_F(EdgeTest, TrailersReachTheCallerThatAsksForThem) {
  bottom().script = [](Context& cx, const GetRequest&, Record*) {
    cx.SetTrailer("rows-read", "12");
    return OkStatus();
  };
  Metadata trailers;
  top().script = [&](Context& cx, const GetRequest& request, Record* record) {
    return top().below().Get(cx.WithTrailers(&trailers), request, record);
  };
  FakeRequest request;

  ASSERT_TRUE(CallTop(request.context()).ok());

  EXPECT_THAT(trailers, ::testing::ElementsAre(::testing::Pair("rows-read", "12")));
}

TEST_F(EdgeTest, AMissingBindingIsNamed) {
  FakeRequest request;
  Record record;

  const Status status = bottom().below().Get(request.context(), {}, &record);

  EXPECT_FALSE(bottom().below().bound());
  EXPECT_EQ(status.ToString(),
            "FAILED_PRECONDITION: the manifest requires no binding \"below\" with "
            "/sdktest.v1.Store/Get");
}

TEST_F(EdgeTest, TwoBindingsOfOneServiceAreToldApartByName) {
  ASSERT_TRUE(host_.Add("small", strata_plugin_sdktest_smallest(0)).ok());
  ASSERT_TRUE(
      host_.Add("mirror", ScriptedPlugin(), "{}", {{"left", "small"}, {"right", "bottom"}}).ok());
  const Host mirror = host_.HostOf("mirror");

  EXPECT_TRUE(StoreClient(mirror, "left").bound());
  EXPECT_TRUE(StoreClient(mirror, "right").bound());
  EXPECT_FALSE(StoreClient(mirror).bound()) << "the empty name is ambiguous";
}

}  // namespace
}  // namespace strata
