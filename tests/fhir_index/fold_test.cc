#include "plugins/data_fhir/index/fold.h"

#include <gtest/gtest.h>

namespace strata::fhir::index {
namespace {

TEST(FoldText, DropsCaseAndAccents) {
  EXPECT_EQ(FoldText("LEÓN"), "leon");
  EXPECT_EQ(FoldText("Guzma\u0301n"), "guzman");  // Combining accent.
  EXPECT_EQ(FoldText("Straße"), "strasse");
  EXPECT_EQ(FoldText("Åsa Ødegård"), "asa odegard");
  EXPECT_EQ(FoldText("Łukasz Œuvre Ærø"), "lukasz oeuvre aero");
  EXPECT_EQ(FoldText("O\u2019Neill"), "o'neill");
}

TEST(FoldText, MakesWhiteSpaceOneSpace) {
  EXPECT_EQ(FoldText("  van \t der\n  Berg "), "van der berg");
  EXPECT_EQ(FoldText(" WARD ", /*keep_ends=*/true), " ward ");
}

TEST(FoldText, LeavesScriptsWithoutCaseAlone) { EXPECT_EQ(FoldText("山田"), "山田"); }

TEST(FoldCase, KeepsAccentsAndSpaces) { EXPECT_EQ(FoldCase(" AbC É"), " abc é"); }

}  // namespace
}  // namespace strata::fhir::index
