#include "plugins/service_console/stack_page.h"

namespace strata::console {

Result<Page> PackagesPage(const View& view) {
  STRATA_ASSIGN_OR_RETURN(const core::v1::ListPluginsResponse list, view.core.Packages(view.cx));
  Table table("Packages that the core has found", {"Plugin", "Layer", "Runs in", "Package"});
  for (const core::v1::Package& package : list.packages()) {
    Html name;
    name.Add(package.plugin().empty() ? std::string("unknown") : package.plugin(), " "_html,
             package.version(), "<span class=\"page-detail\">"_html, package.description(),
             "</span>"_html);
    Html slots;
    for (const std::string& slot : package.slots()) {
      slots.Add(slots.empty() ? ""_html : ", "_html, Link(SlotPath(slot), slot));
    }
    if (slots.empty()) slots.Add("no slot"_html);
    Html path;
    path.Add("<span class=\"console-path\">"_html, package.path(), "</span>"_html);
    if (!package.problem().empty()) {
      path.Add("<span class=\"page-detail\">"_html, Tag("Cannot be loaded", TagColour::kRed),
               " "_html, package.problem(), "</span>"_html);
    }
    table.Row({name, Html::Text(LayerName(package.layer())), slots, path});
  }
  Page page;
  page.title = "Packages";
  page.main.Add(
      "<h1 class=\"nhsuk-heading-l\">Packages</h1><p>What can be put into a slot: the packages on "
      "the plugin path of this core. To put one in, open a slot of the same layer and choose "
      "\"Swap "
      "the plugin\".</p>"_html,
      table.empty() ? Inset(Html("<p>No packages were found.</p>"_html)) : table.Render());
  return page;
}

}  // namespace strata::console
