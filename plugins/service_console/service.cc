#include "plugins/service_console/service.h"

#include <array>
#include <optional>

#include "core/base/settings.h"
#include "plugins/service_console/error_page.h"
#include "plugins/service_console/routes.h"
#include "strata/common/v1/common.pb.h"

namespace strata::console {
namespace {

namespace pb = service::v1;

constexpr std::size_t kMaxForm = 256 * 1024;
constexpr std::array<std::string_view, 3> kFiles = {"console.css", "console.js", "favicon.svg"};

// One script of our own, no inline scripts or styles, nothing from elsewhere.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) throw StatusError(result.status());
  return *std::move(result);
}

std::string ReadProduct(std::string_view config_json) {
  std::string product = "Strata";
  const Status status = base::ReadSettings(config_json, [&](const json::Member& member) {
    if (member.name != "product" || !member.value.is_string()) {
      return base::UnknownSetting(member, "the console");
    }
    product = member.value.string();
    return OkStatus();
  });
  if (!status.ok()) throw StatusError(status);
  return product;
}

// "/slots/a%20b/swap" as {"slots", "a b", "swap"}; nothing when a part does not decode.
std::optional<std::vector<std::string>> Segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash that it starts with.
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    auto decoded = web::PercentDecode(part);
    if (!decoded) return std::nullopt;
    if (!decoded->empty() || !path.empty()) out.push_back(*std::move(decoded));
  }
  return out;
}

std::string_view Field(const web::Parameters& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

// HTML as one server-sent event (HTML 9.2.5): each line of it is a line of data.
std::string EventOf(const LiveUpdate& update) {
  // One event an answer: the browser asks again after `retry` milliseconds. A stream that stayed
  // open would pin its generation, and a swap would have to wait for every console.
  std::string out = "retry: 1000\n";
  if (update.ended) out += "event: end\n";
  std::string_view rest = update.html.str();
  while (true) {
    const std::size_t end = rest.find_first_of("\r\n");
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return out + "\n";
}

}  // namespace

struct ConsoleService::Exchange {
  pb::HttpRequestHead head;
  std::string body;
  common::v1::AuthContext auth;
  std::vector<std::string> segments;
  std::string session;
  bool new_session = false;

  std::string_view Header(std::string_view name) const {
    for (const pb::Header& header : head.headers()) {
      if (header.name() == name) return header.value();
    }
    return {};
  }
};

struct ConsoleService::Answer {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string body;
};

ConsoleService::ConsoleService(Host host, std::string_view config_json)
    : host_(host),
      product_(ReadProduct(config_json)),
      core_(host),
      assets_(Must(web::Assets::Load(host.PackageDir(), kFiles))) {}

Status ConsoleService::Describe(Context& /*context*/, const pb::DescribeRequest& /*request*/,
                                pb::DescribeResponse* response) {
  response->set_title("Operator's console");
  pb::Route* const pages = response->add_routes();
  pages->set_path("/");
  pages->add_scopes("system/operator");
  for (const char* method : {"GET", "HEAD", "POST"}) pages->add_methods(method);
  pages->set_max_body_bytes(kMaxForm);
  pages->set_audience(pb::AUDIENCE_OPERATORS);
  pb::Route* const files = response->add_routes();
  files->set_path("/assets");
  for (const char* method : {"GET", "HEAD"}) files->add_methods(method);
  files->set_audience(pb::AUDIENCE_OPERATORS);
  std::int32_t order = 10;
  for (const auto& [label, path] : kMenu) {
    pb::MenuEntry* const entry = response->add_menu();
    entry->set_label(std::string(label));
    entry->set_path(std::string(path));
    entry->set_order(order++);
    entry->set_audience(pb::AUDIENCE_OPERATORS);
  }
  return {};
}

Status ConsoleService::Handle(Context& context, Reader<pb::HandleRequest>& reader,
                              Writer<pb::HandleResponse>& writer) {
  pb::HandleRequest part;
  STRATA_ASSIGN_OR_RETURN(bool more, reader.Read(&part));
  if (!more || !part.has_head()) return InvalidArgument("an exchange starts with a head");
  Exchange exchange;
  exchange.head = std::move(*part.mutable_head());
  exchange.body = std::move(*part.mutable_body());
  exchange.auth.ParseFromArray(context.Auth().data(), static_cast<int>(context.Auth().size()));
  while (more && !part.end() && exchange.body.size() <= kMaxForm) {
    part.Clear();
    STRATA_ASSIGN_OR_RETURN(more, reader.Read(&part));
    if (more) exchange.body += part.body();
  }
  Answer answer = Route(context, exchange);
  pb::HandleResponse response;
  response.mutable_head()->set_status(static_cast<std::uint32_t>(answer.status));
  for (auto& [name, value] : answer.headers) {
    pb::Header* const header = response.mutable_head()->add_headers();
    header->set_name(std::string(name));
    header->set_value(std::move(value));
  }
  response.set_body(std::move(answer.body));
  response.set_end(true);
  static_cast<void>(writer.Write(response));  // a client that has gone needs no answer
  return {};
}

ConsoleService::Answer ConsoleService::Route(Context& context, Exchange& exchange) {
  auto segments = Segments(exchange.head.path());
  if (!segments) return PageAnswer(exchange, PageNotFound());
  exchange.segments = *std::move(segments);
  exchange.session = sessions_.Find(exchange.Header("cookie"));
  exchange.new_session = exchange.Header("cookie").find(exchange.session) == std::string_view::npos;
  const std::string& method = exchange.head.method();
  if (method == "POST") return PageAnswer(exchange, Post(context, exchange));
  if (method != "GET" && method != "HEAD") {
    Answer answer = PageAnswer(exchange, PageNotFound());
    answer.status = 405;
    answer.headers.emplace_back("allow", "GET, HEAD, POST");
    return answer;
  }
  if (exchange.segments.size() == 2 && exchange.segments[0] == "assets") {
    return AssetAnswer(exchange, exchange.segments[1]);
  }
  const View view = MakeView(context, exchange);
  if (!exchange.segments.empty() && exchange.segments.back() == "live") {
    return LiveAnswer(view, exchange);
  }
  const auto page = GetPage(view, exchange.segments, exchange.head.query());
  return PageAnswer(exchange, page.ok() ? *page : Failed(exchange, page.status()));
}

View ConsoleService::MakeView(Context& context, const Exchange& exchange) {
  return {core_, context, rates_, host_.NowUs(), sessions_.Token(exchange.session)};
}

Page ConsoleService::Post(Context& context, const Exchange& exchange) {
  if (exchange.body.size() > kMaxForm) {
    return Failed(exchange, InvalidArgument("the form is too long"));
  }
  const auto fields = web::ParseForm(exchange.body);
  if (!fields.ok()) return Failed(exchange, fields.status());
  if (exchange.new_session || !sessions_.Check(exchange.session, Field(*fields, "token"))) {
    host_.Warning("console.form_refused", {{"request_id", exchange.auth.request_id()}});
    return ForgedPage();
  }
  auto page = PostPage(MakeView(context, exchange), exchange.segments, *fields);
  return page.ok() ? *std::move(page) : Failed(exchange, page.status());
}

ConsoleService::Answer ConsoleService::AssetAnswer(const Exchange& exchange,
                                                   std::string_view name) const {
  auto file =
      assets_.Answer(name, exchange.Header("if-none-match"), exchange.Header("accept-encoding"));
  if (!file) return PageAnswer(exchange, PageNotFound());
  return {file->status, std::move(file->headers), std::string(file->body)};
}

ConsoleService::Answer ConsoleService::LiveAnswer(const View& view,
                                                  const Exchange& exchange) const {
  const auto update = GetUpdate(view, exchange.segments);
  if (!update.ok()) return PageAnswer(exchange, Failed(exchange, update.status()));
  Answer answer;
  answer.headers = {{"content-type", "text/event-stream; charset=utf-8"},
                    {"cache-control", "no-store"},
                    {"x-content-type-options", "nosniff"}};
  answer.body = EventOf(*update);
  return answer;
}

ConsoleService::Answer ConsoleService::PageAnswer(const Exchange& exchange,
                                                  const Page& page) const {
  Answer answer;
  answer.status = page.http_status;
  answer.headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  if (!page.redirect.empty()) {
    answer.headers.emplace_back("location", page.redirect);
    return answer;
  }
  answer.headers.emplace_back("content-type", "text/html; charset=utf-8");
  answer.headers.emplace_back("content-security-policy", std::string(kPolicy));
  if (exchange.new_session) {
    answer.headers.emplace_back("set-cookie", Sessions::Cookie(exchange.session));
  }
  web::Frame frame;
  frame.product = product_;
  frame.service = " console"_html;
  frame.theme_colour = "#425563"_html;
  frame.header_class = "console-header"_html;
  frame.home = "/slots/";
  frame.path = exchange.head.path();
  frame.stylesheet = assets_.Address("console.css");
  if (!page.live_path.empty()) frame.script = assets_.Address("console.js");
  frame.favicon = assets_.Address("favicon.svg");
  for (const pb::MenuEntry& entry : exchange.head.menu()) {
    frame.menu.push_back({entry.label(), entry.path()});
  }
  frame.footer =
      " console, for those who run this stack. Everyone who can reach this port can change the "
      "stack: it is open to this machine only."_html;
  answer.body = web::RenderDocument(frame, page.title, {}, page.main);
  return answer;
}

Page ConsoleService::Failed(const Exchange& exchange, const Status& status) const {
  Page page = ErrorPage(status, exchange.auth.request_id());
  if (page.http_status >= 500) {
    host_.Warning("console.page_failed",
                  {{"code", CodeName(status.code())}, {"request_id", exchange.auth.request_id()}});
  }
  return page;
}

}  // namespace strata::console
