#include "hello_service.h"

namespace hello {

namespace v1 = strata::service::v1;

HelloService::HelloService(strata::Host host, std::string_view /*config_json*/)
    : host_(host), pages_(host.Counter("hello_pages_total")) {
  host_.Info("hello.created");
}

strata::Status HelloService::Describe(strata::Context&, const v1::DescribeRequest&,
                                      v1::DescribeResponse* response) {
  response->set_title("Hello");
  response->add_routes()->set_path("/hello");
  v1::MenuEntry* entry = response->add_menu();
  entry->set_label("Hello");
  entry->set_path("/hello");
  return {};
}

strata::Status HelloService::Handle(strata::Context&, strata::Reader<v1::HandleRequest>& reader,
                                    strata::Writer<v1::HandleResponse>& writer) {
  v1::HandleRequest first;
  STRATA_ASSIGN_OR_RETURN(const bool any, reader.Read(&first));
  if (!any || !first.has_head()) return strata::InvalidArgument("an exchange starts with a head");
  pages_.Increment();

  v1::HandleResponse response;
  response.mutable_head()->set_status(200);
  v1::Header* type = response.mutable_head()->add_headers();
  type->set_name("content-type");
  type->set_value("text/plain; charset=utf-8");
  response.set_body("Hello from " + std::string(host_.Slot()) + "\n");
  response.set_end(true);
  static_cast<void>(writer.Write(response));
  return {};
}

}  // namespace hello
