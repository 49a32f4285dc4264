#include "plugins/data_fhir/index/extract.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/general.h"
#include "plugins/data_fhir/index/id_order.h"
#include "plugins/data_fhir/index/path.h"
#include "plugins/data_fhir/index/words.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::index {

using layout::ParameterNumber;

struct Extractor::Compiled {
  Program program;
  GeneralRules general;
  std::vector<std::string> faults;
  std::vector<std::string> unused;
};

namespace {

// Puts the parameters of one resource type into a program.
class TypeCompiler {
 public:
  TypeCompiler(const model::Type& type, bool texts, Program* program, GeneralRules* general,
               std::vector<std::string>* faults, std::vector<std::string>* unused)
      : type_(type),
        texts_(texts),
        program_(program),
        general_(general),
        faults_(faults),
        unused_(unused) {}

  void Add(const model::SearchParameter& parameter) {
    if (parameter.expression.empty() || parameter.code == kAllCode) return;
    const ParameterNumber number = NumberOf(parameter);
    const Result<std::vector<Path>> paths = CompilePaths(parameter.expression, type_);
    if (number == 0) return Fault(parameter, "it has no number");
    if (!paths.ok()) return AddGeneral(parameter, number, paths.status());
    for (const Path& path : *paths) {
      if (parameter.type == model::SearchType::kComposite) {
        AddComposite(parameter, number, path);
      } else {
        AddSimple(parameter, number, path);
      }
    }
  }

 private:
  void AddGeneral(const model::SearchParameter& parameter, ParameterNumber number, Status status) {
    if (status.code() == Code::kUnimplemented) status = general_->Add(parameter, number);
    if (!status.ok()) Fault(parameter, status.message());
  }

  void AddSimple(const model::SearchParameter& parameter, ParameterNumber number,
                 const Path& path) {
    Conversion conversion = ConversionFor(path, parameter.type, number);
    conversion.texts = texts_ && HasTexts(layout::TypeNumberOf(type_.name()), number);
    if (conversion.data == DataType::kNone) {
      if (path.element == kExtensionValue) return;  // An extension may hold anything.
      unused_->push_back(Name(parameter).append(": ").append(path.type->name()));
      return;
    }
    program_->Add(path, conversion);
  }

  void AddComposite(const model::SearchParameter& parameter, ParameterNumber number,
                    const Path& path) {
    const auto composite = Composite::Compile(parameter, number, *path.type);
    if (!composite.ok()) return Fault(parameter, composite.status().message());
    program_->Add(path, *composite);
  }

  std::string Name(const model::SearchParameter& parameter) const {
    return std::string(type_.name()).append(".").append(parameter.code);
  }
  void Fault(const model::SearchParameter& parameter, std::string_view reason) {
    faults_->push_back(Name(parameter).append(": ").append(reason));
  }

  const model::Type& type_;
  const bool texts_;
  Program* program_;
  GeneralRules* general_;
  std::vector<std::string>* faults_;
  std::vector<std::string>* unused_;
};

}  // namespace

Extractor::Extractor(std::vector<const model::CustomParameter*> custom, Extras extras)
    : custom_(std::move(custom)), extras_(extras) {}
Extractor::~Extractor() = default;

const Extractor& Extractor::R4() {
  static const Extractor extractor;
  return extractor;
}

const Extractor::Compiled& Extractor::For(layout::TypeNumber type) const {
  std::call_once(once_[type], [&] {
    auto compiled = std::make_unique<Compiled>();
    const std::string_view name = layout::TypeNameOf(type);
    if (const model::Type* found = model::R4().FindResource(name)) {
      TypeCompiler compiler(*found, extras_.derived, &compiled->program, &compiled->general,
                            &compiled->faults, &compiled->unused);
      for (const model::SearchParameter* p : model::R4Search().ForType(name)) {
        if (extras_.covered || CoveredBy(type, NumberOf(*p)).empty()) compiler.Add(*p);
      }
      for (const model::CustomParameter* p : custom_) {
        if (p->AppliesTo(name)) compiler.Add(p->definition);
      }
    }
    compiled_[type] = std::move(compiled);
  });
  return *compiled_[type];
}

void Extractor::Extract(layout::TypeNumber type, json::Value resource, EntryList* out) const {
  out->Clear();
  out->Add(AllNumber(), {});
  if (const std::string_view id = resource["id"].string(); extras_.id_order && !id.empty()) {
    out->Add(IdOrderNumber(), IdOrder(id));
  }
  const Compiled& compiled = For(type);
  compiled.program.Run(resource, resource, {}, out);
  compiled.general.Run(resource, {}, out);
  AddNarrative(resource, out);
  out->Finish();
  if (extras_.derived) AddDerived(type, out);
}

void Extractor::ExtractOnly(layout::TypeNumber type, json::Value resource,
                            std::span<const ParameterNumber> only, EntryList* out) const {
  out->Clear();
  if (!only.empty()) {
    const Compiled& compiled = For(type);
    compiled.program.Run(resource, resource, only, out);
    compiled.general.Run(resource, only, out);
    static const ParameterNumber narrative = layout::ParameterNumberOf(kNarrativeCode);
    if (std::binary_search(only.begin(), only.end(), narrative)) AddNarrative(resource, out);
  }
  out->Finish();
}

void Extractor::VisitElements(layout::TypeNumber type, json::Value resource,
                              std::span<const ParameterNumber> only,
                              const Program::Visitor& visit) const {
  if (only.empty()) return;
  const Compiled& compiled = For(type);
  compiled.program.Visit(resource, only, visit);
  compiled.general.Visit(resource, only, visit);
}

std::vector<std::string> Extractor::Faults() const {
  std::vector<std::string> all;
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const Compiled& compiled = For(static_cast<layout::TypeNumber>(type));
    all.insert(all.end(), compiled.faults.begin(), compiled.faults.end());
  }
  return all;
}

std::vector<std::string> Extractor::UnusedTypes() const {
  std::vector<std::string> all;
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const Compiled& compiled = For(static_cast<layout::TypeNumber>(type));
    all.insert(all.end(), compiled.unused.begin(), compiled.unused.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

const Extractor& ExtractorOf(const layout::View& view) {
  return view.extractor() != nullptr ? *view.extractor() : Extractor::R4();
}

ParameterNumber AllNumber() {
  static const ParameterNumber number = layout::ParameterNumberOf(kAllCode);
  return number;
}

ParameterNumber IdOrderNumber() {
  return static_cast<ParameterNumber>(AllNumber() | layout::kCompanion);
}

ParameterNumber NumberOf(const model::SearchParameter& parameter) {
  return parameter.number != 0 ? parameter.number : layout::ParameterNumberOf(parameter.code);
}

namespace {

// Whether one of the paths ends at something that the parameter can hold.
Status CheckPaths(const model::SearchParameter& parameter, const std::vector<Path>& paths) {
  std::string found;
  for (const Path& path : paths) {
    if (parameter.type == model::SearchType::kComposite) {
      STRATA_RETURN_IF_ERROR(Composite::Compile(parameter, 1, *path.type).status());
      return {};
    }
    if (path.element == kExtensionValue) return {};
    if (ConversionFor(path, parameter.type, 1).data != DataType::kNone) return {};
    found.append(found.empty() ? "" : ", ").append(path.type->name());
  }
  if (found.empty()) return InvalidArgument("the expression finds nothing on this type");
  return InvalidArgument("the expression finds " + found + ", which a parameter of type " +
                         std::string(model::SearchTypeName(parameter.type)) + " cannot hold");
}

}  // namespace

Status CheckIndexable(const model::SearchParameter& parameter, const model::Type& type) {
  const auto expression = fhirpath::Expression::Compile(parameter.expression);
  if (!expression.ok()) return expression.status();
  const Result<std::vector<Path>> paths = CompilePaths(parameter.expression, type);
  if (paths.ok()) return CheckPaths(parameter, *paths);
  if (paths.status().code() != Code::kUnimplemented) return paths.status();
  if (parameter.type == model::SearchType::kComposite) {
    return InvalidArgument("the expression of a composite must be a plain path");
  }
  return expression->Check(type);
}

}  // namespace strata::fhir::index
