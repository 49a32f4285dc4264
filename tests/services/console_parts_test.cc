#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "plugins/service_console/action_form.h"
#include "plugins/service_console/diagram.h"
#include "plugins/service_console/rates.h"
#include "plugins/service_console/session.h"
#include "plugins/service_console/text.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;
using ::testing::HasSubstr;

v1::Slot& AddSlot(v1::StatusResponse* status, const std::string& name, const std::string& layer,
                  const std::vector<std::string>& needs = {}) {
  v1::Slot& slot = *status->add_slots();
  slot.set_name(name);
  slot.set_layer(layer);
  for (const std::string& need : needs) slot.add_bindings()->set_slot(need);
  return slot;
}

// "fhir viewer | record": cells of each row, "|x" for a wire that passes.
std::string Picture(const v1::StatusResponse& status) {
  std::string out;
  for (const DiagramRow& row : LayOut(status)) {
    if (!out.empty()) out += " / ";
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const DiagramRow::Cell& cell = row.cells[i];
      out += (i == 0 ? "" : " ") + std::string(cell.through ? "|" : "") +
             status.slots(cell.slot).name();
    }
  }
  return out;
}

TEST(ConsoleDiagram, PutsEachSlotAboveWhatItUses) {
  v1::StatusResponse status;
  AddSlot(&status, "left", "hosting");
  AddSlot(&status, "mirror", "hosting", {"left"});
  AddSlot(&status, "record", "data", {"mirror"});
  AddSlot(&status, "fhir", "service", {"record"});
  AddSlot(&status, "viewer", "service", {"record"});

  EXPECT_EQ(Picture(status), "fhir viewer / record / mirror / left");
}

TEST(ConsoleDiagram, AWireThatSkipsARowPassesThroughIt) {
  v1::StatusResponse status;
  AddSlot(&status, "hosting", "hosting");
  AddSlot(&status, "record", "data", {"hosting"});
  AddSlot(&status, "backup", "tool", {"hosting"});
  AddSlot(&status, "viewer", "service", {"record"});

  const std::vector<DiagramRow> rows = LayOut(status);

  EXPECT_EQ(Picture(status), "backup / viewer |hosting / record |hosting / hosting");
  ASSERT_EQ(rows[1].wires.size(), 2u);
  EXPECT_TRUE(rows[3].wires.empty());
}

TEST(ConsoleDiagram, ACircleOrAnUnknownSlotIsNoTrouble) {
  v1::StatusResponse status;
  AddSlot(&status, "a", "data", {"b", "nowhere"});
  AddSlot(&status, "b", "data", {"a", "core"});

  EXPECT_FALSE(LayOut(status).empty());
  EXPECT_THAT(Diagram(status, {}).str(), HasSubstr("the core"));
}

TEST(ConsoleSession, ATokenIsGoodForItsSessionOnly) {
  const Sessions sessions;
  const Sessions others;
  const std::string mine = sessions.Find("");
  const std::string token = sessions.Token(mine);

  EXPECT_TRUE(sessions.Check(mine, token));
  EXPECT_FALSE(sessions.Check(sessions.Find(""), token));
  EXPECT_FALSE(sessions.Check(mine, token.substr(1)));
  EXPECT_FALSE(sessions.Check(mine, ""));
  EXPECT_FALSE(others.Check(mine, token));
}

TEST(ConsoleSession, FindsItsCookieAmongOthers) {
  const Sessions sessions;
  const std::string mine = sessions.Find("");

  EXPECT_EQ(sessions.Find("a=b; strata-console=" + mine + "; c=d"), mine);
  EXPECT_NE(sessions.Find("xstrata-console=" + mine), mine);
  EXPECT_NE(sessions.Find("strata-console=" + mine + "0"), mine + "0");
  EXPECT_THAT(Sessions::Cookie(mine), HasSubstr("; HttpOnly; SameSite=Strict"));
}

TEST(ConsoleRates, AreMeasuredOverTheLastReports) {
  RateMeter meter;
  v1::StatusResponse status;
  v1::Slot& slot = AddSlot(&status, "record", "data");
  slot.mutable_calls()->set_calls(100);

  EXPECT_TRUE(meter.Update(status, 1'000'000).empty());
  slot.mutable_calls()->set_calls(300);
  EXPECT_DOUBLE_EQ(meter.Update(status, 3'000'000).at("record"), 100);
  // A counter that fell is another run's; a report of long ago says nothing.
  slot.mutable_calls()->set_calls(5);
  EXPECT_TRUE(meter.Update(status, 4'000'000).empty());
  EXPECT_TRUE(meter.Update(status, 60'000'000).empty());
}

TEST(ConsoleText, WritesNumbersForPeople) {
  EXPECT_EQ(Count(1'204'331), "1,204,331");
  EXPECT_EQ(Latency(0), "none yet");
  EXPECT_EQ(Latency(340), "0.34 ms");
  EXPECT_EQ(Latency(2'900), "2.9 ms");
  EXPECT_EQ(Latency(31'400), "31 ms");
  EXPECT_EQ(Bytes(999), "999 B");
  EXPECT_EQ(Bytes(843'031'700), "843 MB");
  EXPECT_EQ(Duration(0.031), "31 ms");
  EXPECT_EQ(Duration(125), "2 min 5 s");
  EXPECT_EQ(Rate(1234), "1,234 per second");
  EXPECT_THAT(Time(1'767'225'600'000'000).str(), HasSubstr(">1 Jan 2026, 00:00:00 UTC<"));
}

TEST(ConsoleForm, SaysWhatIsWrong) {
  const auto fields = [](const web::Parameters& sent) {
    std::string out;
    for (const FieldError& error : CheckActionForm(ReadActionForm("hosting", sent), true)) {
      out += error.field + " ";
    }
    return out;
  };

  EXPECT_EQ(fields({{"package", "/p"}}), "");
  EXPECT_EQ(fields({{"folder", " /p "}}), "");
  EXPECT_EQ(fields({}), "package ");
  EXPECT_EQ(fields({{"package", "p"}, {"config", "[1]"}, {"probation", "ten"}}),
            "config probation ");
  EXPECT_EQ(fields({{"package", "p"}, {"config", "{\"a\": 1}"}, {"probation", "86401"}}),
            "probation ");
}

}  // namespace
}  // namespace strata::console
