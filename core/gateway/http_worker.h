#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/gateway/http_core.h"

namespace strata::gateway {

// What one thread does with a connection that it owns: reads, gathers, answers, flushes. Never
// waits, but inside a service; `before_waiting` is told before a service that is likely to make it
// wait. Single-threaded; one per thread.
class HttpWorker final {
 public:
  explicit HttpWorker(
      HttpCore* core, std::function<void()> before_waiting = [] {})
      : core_(*core), before_waiting_(std::move(before_waiting)) {}

  // Works until there is nothing to do but wait, then lets go of the connection or closes it.
  void Serve(HttpConnection* connection);
  // Serves requests of the queue as long as there are places for them.
  void ServeQueued();
  // The same after connection->expires_us has passed.
  void Expire(HttpConnection* connection);
  // After an event was seen to: whether the thread's place was lent as a service made it wait
  // (ActiveThreads). Requests of that service are then taken for waiting before they do.
  void Learn(bool waited);

 private:
  enum class Step { kAgain, kWait, kClose };
  struct Routing {
    std::unique_ptr<host::Pin> pin;
    const host::HttpRoute* route = nullptr;
    std::uint64_t body_limit = 0;
    std::string allow;
    Problem problem;  // status 0 = none
  };

  Step Progress(HttpConnection& c);
  Step Receive(HttpConnection& c, bool* drained);
  Step Discard(HttpConnection& c);
  Step AfterFlush(HttpConnection& c);

  // Requests in data[0, size): what is left is kept in c.in.
  Step Consume(HttpConnection& c, char* data, std::size_t size);
  void Keep(HttpConnection& c, const char* data, std::size_t used, std::size_t size);
  // The body of the request in scratch_.head has not arrived yet: refuses it now, or begins to
  // gather; then data[used, size) is to be kept.
  Step Admit(HttpConnection& c, bool body_began);
  Step Gather(HttpConnection& c);
  Step ServeGathered(HttpConnection& c);

  // Takes a place in the services for the request in scratch_.head, if it needs one. False: there
  // is none now.
  bool TakePlace(const HttpConnection& c, Permit* place);
  // Puts a complete request, kept in c.in and c.body, into the queue. False: the queue is full.
  bool Enqueue(HttpConnection& c, bool gathered);
  Step TakeTurn(HttpConnection& c);

  // Answers the request in scratch_.head, which has its place, or none if it needs none or there is
  // neither a place nor room in the queue. `*rest` is what follows the head and the body; it
  // changes when a service reads on.
  Step Answer(HttpConnection& c, const ExchangeBody& body, bool placed, std::string_view* rest);
  // False: the connection is to be cut.
  bool AnswerFromService(HttpConnection& c, const ExchangeBody& body, bool placed, Routing* routing,
                         std::string_view* rest, AccessRecord* record);
  void ForeseeWaiting(const host::HttpRoute& route, bool streamed);
  bool AnswerBuiltin(HttpConnection& c, AccessRecord* record);
  bool SendProblem(HttpConnection& c, const Problem& problem, AccessRecord* record);
  bool SendAnswer(HttpConnection& c, int status, AccessRecord* record);
  // For a request that cannot be read on from: answers, then closes.
  Step RefuseUnread(HttpConnection& c, int status, std::string_view detail);
  Step RefuseUnread(HttpConnection& c, const Problem& problem, AccessRecord* record);
  Step AfterAnswer(HttpConnection& c);

  // Enters the stack and finds the route and its body limit, or says why not.
  void Route(std::int64_t deadline_us, Routing* out);
  // What can be refused without the stack; status 0 = nothing.
  Problem CheckOrigin() const;
  AnswerContext Context(HttpConnection& c);
  void NameRequest(HttpConnection& c);
  void StartWaiting(HttpConnection& c);
  void Log(AccessRecord* record);

  HttpCore& core_;
  const std::function<void()> before_waiting_;
  std::atomic<int>* waits_seen_ = nullptr;  // of the service that was called last
  HttpScratch scratch_;
  std::int64_t begun_us_ = 0;  // of the current request
};

}  // namespace strata::gateway
