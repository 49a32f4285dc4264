#include "plugins/data_fhir/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::model {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

std::vector<std::string> TypesOf(std::string_view type, std::string_view name) {
  std::vector<std::string> names;
  const Element* element = R4().Find(type)->Find(name);
  if (element == nullptr) return names;
  for (const TypeRef& ref : element->types) names.emplace_back(ref.type->name());
  return names;
}

bool IsA(std::string_view type, std::string_view base) {
  return R4().Find(type)->Is(*R4().Find(base));
}

TEST(Model, HoldsTheConcreteResourceTypesOfR4) {
  EXPECT_EQ(R4().resource_types().size(), 146u);
  EXPECT_EQ(R4().resource_types().front()->name(), "Account");
  EXPECT_EQ(R4().resource_types().back()->name(), "VisionPrescription");
  EXPECT_EQ(R4().FindResource("DomainResource"), nullptr);
  EXPECT_EQ(R4().FindResource("HumanName"), nullptr);
  EXPECT_EQ(R4().Find("patient"), nullptr);
}

TEST(Model, EveryElementHasTypesAndEveryTypeARoot) {
  for (const Type& type : R4().types()) {
    for (const Element& element : type.own_elements()) {
      EXPECT_FALSE(element.types.empty()) << type.name() << '.' << element.name;
      for (const TypeRef& ref : element.types) {
        EXPECT_NE(ref.type, nullptr) << type.name() << '.' << element.name;
      }
    }
    EXPECT_TRUE(type.Is(*R4().Find("Element")) || type.Is(*R4().Find("Resource"))) << type.name();
  }
}

TEST(Model, FindsOwnAndInheritedElements) {
  EXPECT_THAT(TypesOf("Patient", "name"), ElementsAre("HumanName"));
  EXPECT_THAT(TypesOf("Patient", "id"), ElementsAre("id"));
  EXPECT_THAT(TypesOf("HumanName", "id"), ElementsAre("string"));
  EXPECT_THAT(TypesOf("Patient", "extension"), ElementsAre("Extension"));
  EXPECT_THAT(TypesOf("Patient.contact", "modifierExtension"), ElementsAre("Extension"));
  EXPECT_THAT(TypesOf("Patient", "contact"), ElementsAre("Patient.contact"));
  EXPECT_EQ(R4().Find("Patient")->Find("given"), nullptr);
}

TEST(Model, ResolvesContentReferences) {
  EXPECT_THAT(TypesOf("Observation.component", "referenceRange"),
              ElementsAre("Observation.referenceRange"));
  EXPECT_THAT(TypesOf("Questionnaire.item", "item"), ElementsAre("Questionnaire.item"));
}

TEST(Model, ResolvesChoicesByMemberName) {
  const Type& observation = *R4().Find("Observation");

  const auto quantity = observation.FindJson("valueQuantity");
  const auto date_time = observation.FindJson("valueDateTime");

  ASSERT_TRUE(quantity && date_time);
  EXPECT_EQ(quantity->element->name, "value");
  EXPECT_TRUE(quantity->element->choice);
  EXPECT_EQ(quantity->type->name(), "Quantity");
  EXPECT_EQ(date_time->type->name(), "dateTime");
  EXPECT_FALSE(observation.FindJson("value"));
  EXPECT_FALSE(observation.FindJson("valuequantity"));
  EXPECT_FALSE(observation.FindJson("valueAddress"));
  EXPECT_EQ(observation.FindJson("status")->type->name(), "code");
  EXPECT_EQ(observation.FindJson("meta")->type->name(), "Meta");
}

TEST(Model, KnowsCardinalityAndTargets) {
  const Element& subject = *R4().Find("Encounter")->Find("subject");
  const Element& name = *R4().Find("Patient")->Find("name");

  EXPECT_EQ(subject.types[0].targets, "Group,Patient");
  EXPECT_FALSE(subject.repeats());
  EXPECT_EQ(name.max, Element::kUnbounded);
  EXPECT_EQ(R4().Find("Observation")->Find("status")->min, 1u);
}

TEST(Model, KnowsTheHierarchy) {
  EXPECT_TRUE(IsA("code", "string"));
  EXPECT_TRUE(IsA("url", "uri"));
  EXPECT_TRUE(IsA("positiveInt", "integer"));
  EXPECT_TRUE(IsA("Age", "Quantity"));
  EXPECT_TRUE(IsA("Patient", "DomainResource"));
  EXPECT_TRUE(IsA("Bundle", "Resource"));
  EXPECT_FALSE(IsA("Bundle", "DomainResource"));
  EXPECT_TRUE(IsA("Patient.contact", "BackboneElement"));
  EXPECT_TRUE(IsA("Timing.repeat", "Element"));
  EXPECT_FALSE(IsA("string", "code"));
}

TEST(SearchDefinitions, FindsParametersOfATypeAndItsBases) {
  const auto& search = R4Search();

  EXPECT_EQ(search.Find("Patient", "birthdate")->expression,
            "Patient.birthDate | Person.birthDate | RelatedPerson.birthDate");
  EXPECT_EQ(search.Find("Patient", "birthdate")->type, SearchType::kDate);
  EXPECT_EQ(search.Find("Patient", "_lastUpdated")->expression, "Resource.meta.lastUpdated");
  EXPECT_EQ(search.Find("Patient", "_text")->type, SearchType::kString);
  EXPECT_EQ(search.Find("Bundle", "_text"), nullptr);
  EXPECT_NE(search.Find("Bundle", "_id"), nullptr);
  EXPECT_EQ(search.Find("Patient", "clinical-status"), nullptr);
  EXPECT_EQ(search.Find("Nothing", "_id"), nullptr);
}

TEST(SearchDefinitions, EveryResourceTypeHasTheCommonParameters) {
  for (const Type* type : R4().resource_types()) {
    std::vector<std::string> codes;
    for (const SearchParameter* p : R4Search().ForType(type->name())) codes.emplace_back(p->code);
    EXPECT_THAT(codes, IsSupersetOf({"_id", "_lastUpdated", "_tag", "_profile", "_security",
                                     "_source", "_content"}))
        << type->name();
  }
}

TEST(SearchDefinitions, FindsByUrlAndReadsComponents) {
  const SearchParameter* parameter =
      R4Search().FindByUrl("http://hl7.org/fhir/SearchParameter/Observation-code-value-quantity");

  ASSERT_NE(parameter, nullptr);
  EXPECT_EQ(parameter->type, SearchType::kComposite);
  EXPECT_EQ(parameter->multiple_or, false);
  EXPECT_EQ(parameter->multiple_and, std::nullopt);
  ASSERT_EQ(parameter->components.size(), 2u);
  EXPECT_EQ(parameter->components[1].definition, "Observation-value-quantity");
  EXPECT_EQ(parameter->components[1].expression, "value.as(Quantity)");
}

TEST(SearchDefinitions, EveryComponentNamesAKnownParameter) {
  for (const SearchParameter& parameter : R4Search().all()) {
    for (const SearchComponent& component : parameter.components) {
      EXPECT_NE(R4Search().FindByUrl(component.definition), nullptr) << parameter.url_tail;
    }
  }
}

TEST(SearchDefinitions, KnowsCompartmentMembership) {
  const auto& search = R4Search();

  EXPECT_THAT(search.compartments(),
              ElementsAre("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"));
  EXPECT_EQ(search.CompartmentParameters("Patient", "Observation"), "subject,performer");
  EXPECT_EQ(search.CompartmentParameters("Patient", "ValueSet"), "");
  EXPECT_EQ(search.CompartmentParameters("Ward", "Observation"), "");
}

TEST(SearchDefinitions, EveryCompartmentParameterExists) {
  for (std::string_view compartment : R4Search().compartments()) {
    for (const Type* type : R4().resource_types()) {
      std::istringstream codes(
          std::string(R4Search().CompartmentParameters(compartment, type->name())));
      for (std::string code; std::getline(codes, code, ',');) {
        EXPECT_NE(R4Search().Find(type->name(), code), nullptr) << type->name() << ' ' << code;
      }
    }
  }
}

}  // namespace
}  // namespace strata::fhir::model
