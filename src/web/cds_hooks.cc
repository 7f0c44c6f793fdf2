// SPDX-License-Identifier: Apache-2.0
#include "web/cds_hooks.h"

#include <algorithm>
#include <array>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>

namespace clinnova::web {
namespace {

using decision::BedsideQuestion;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kServices = "/cds-services";

struct Service {
  std::string_view id;
  std::string_view hook;
  std::string_view title;
  bool orders;  ///< the context has draft orders
};

constexpr std::array kAllServices = {
    Service{"clinnova-patient-view", "patient-view", "Which drug class for this patient", false},
    Service{"clinnova-order-select", "order-select", "Which drug class, while choosing", true},
    Service{"clinnova-order-sign", "order-sign", "Which drug class, before signing", true},
};

struct Prefetch {
  const char* name;
  const char* query;
};
constexpr std::array<Prefetch, 6> kPrefetch = {{
    {"patient", "Patient/{{context.patientId}}"},
    {"conditions", "Condition?patient={{context.patientId}}"},
    {"observations", "Observation?patient={{context.patientId}}&_sort=-date&_count=500"},
    {"medicationRequests", "MedicationRequest?patient={{context.patientId}}"},
    {"medicationStatements", "MedicationStatement?patient={{context.patientId}}"},
    {"consents", "Consent?patient={{context.patientId}}"},
}};

const Service* FindService(std::string_view id) {
  const auto found = std::ranges::find(kAllServices, id, &Service::id);
  return found == kAllServices.end() ? nullptr : &*found;
}

/// "/cds-services/ID" and "/cds-services/ID/feedback" as (ID, whether feedback).
std::optional<std::pair<std::string_view, bool>> ServicePath(std::string_view path) {
  if (!path.starts_with(kServices) || path.size() <= kServices.size() + 1) return std::nullopt;
  if (path[kServices.size()] != '/') return std::nullopt;
  path.remove_prefix(kServices.size() + 1);
  constexpr std::string_view kFeedback = "/feedback";
  const bool feedback = path.ends_with(kFeedback);
  if (feedback) path.remove_suffix(kFeedback.size());
  if (path.empty() || path.find('/') != path.npos) return std::nullopt;
  return std::pair(path, feedback);
}

Reply Json(const ordered_json& body) {
  Reply reply;
  reply.body = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return reply;
}

Reply Discovery() {
  ordered_json services = ordered_json::array();
  for (const Service& service : kAllServices) {
    ordered_json prefetch;
    for (const auto& [name, query] : kPrefetch) prefetch[name] = query;
    services.push_back(
        {{"hook", service.hook},
         {"title", service.title},
         {"description",
          "What is expected of each drug class for a patient like this, with intervals, safety "
          "first, from models that this site's steward let into use. It orders nothing."},
         {"id", service.id},
         {"prefetch", prefetch},
         {"usageRequirements",
          "Needs the prefetched data: the service fetches nothing by itself. Without a Consent "
          "among them, the site's own records decide."}});
  }
  return Json({{"services", services}});
}

/// A request that is not one; `status` is the reply's.
struct Wrong {
  int status = 400;
  std::string code;
  std::string message;
};

/// Deeper than FHIR ever is; writing JSON takes stack for every level.
bool IsTooDeep(std::string_view body) {
  constexpr int kDeepest = 200;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (in_text && body[i] == '\\') {
      ++i;
    } else if (body[i] == '"') {
      in_text = !in_text;
    } else if (!in_text && (body[i] == '{' || body[i] == '[')) {
      if (++depth > kDeepest) return true;
    } else if (!in_text && (body[i] == '}' || body[i] == ']')) {
      --depth;
    }
  }
  return false;
}

std::string KindOf(const json* value) { return value == nullptr ? "nothing" : value->type_name(); }

const json* Member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

class RequestReader {
 public:
  RequestReader(const Service& service, std::string_view body) : service_(service), body_(body) {}

  /// What is wrong with it; nothing when `question` and `unsupplied` hold it.
  std::optional<Wrong> Read() {
    if (IsTooDeep(body_)) {
      return Wrong{400, "bad_request", "body: found JSON of more than 200 levels"};
    }
    const json request = json::parse(body_, nullptr, false);
    if (!request.is_object()) {
      return Wrong{400, "bad_request", "body: expected a JSON object, a CDS Hooks request"};
    }
    std::string hook;
    if (auto wrong = Text(request, "hook", hook)) return wrong;
    if (hook != service_.hook) {
      return Wrong{400, "wrong_hook",
                   "hook: found \"" + hook.substr(0, 40) + "\", expected \"" +
                       std::string(service_.hook) + "\" for this service"};
    }
    std::string instance;
    if (auto wrong = Text(request, "hookInstance", instance)) return wrong;
    question.hook = hook;
    if (auto wrong = ReadContext(request)) return wrong;
    return ReadPrefetch(request);
  }

  BedsideQuestion question;
  std::vector<std::string> unsupplied;

 private:
  static std::optional<Wrong> Text(const json& object, const char* name, std::string& text,
                                   const std::string& where = "") {
    const json* value = Member(object, name);
    if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().empty()) {
      return Wrong{400, "bad_request",
                   where + name + ": found " + KindOf(value) + ", expected a text"};
    }
    text = value->get<std::string>();
    return std::nullopt;
  }

  std::optional<Wrong> ReadContext(const json& request) {
    const json* context = Member(request, "context");
    if (context == nullptr || !context->is_object()) {
      return Wrong{400, "bad_request",
                   "context: found " + KindOf(context) + ", expected an object"};
    }
    std::string user;
    if (auto wrong = Text(*context, "userId", user, "context.")) return wrong;
    if (auto wrong = Text(*context, "patientId", question.patient_id, "context.")) return wrong;
    if (!service_.orders) return std::nullopt;
    const json* drafts = Member(*context, "draftOrders");
    if (drafts == nullptr || !drafts->is_object() ||
        drafts->value("resourceType", json()) != "Bundle") {
      return Wrong{400, "bad_request",
                   "context.draftOrders: found " + KindOf(drafts) + ", expected a FHIR Bundle"};
    }
    question.draft_orders = drafts->dump();
    if (service_.hook != "order-select") return std::nullopt;
    const json* selections = Member(*context, "selections");
    if (selections == nullptr || !selections->is_array()) {
      return Wrong{400, "bad_request",
                   "context.selections: found " + KindOf(selections) + ", expected an array"};
    }
    for (const json& selection : *selections) {
      if (selection.is_string()) question.selections.push_back(selection.get<std::string>());
    }
    return std::nullopt;
  }

  std::optional<Wrong> ReadPrefetch(const json& request) {
    const json* prefetch = Member(request, "prefetch");
    if (prefetch != nullptr && !prefetch->is_object()) {
      return Wrong{400, "bad_request",
                   "prefetch: found " + KindOf(prefetch) + ", expected an object"};
    }
    for (const auto& [name, query] : kPrefetch) {
      const json* value = prefetch == nullptr ? nullptr : Member(*prefetch, name);
      if (value != nullptr && !value->is_object()) {
        return Wrong{400, "not_fhir",
                     "prefetch." + std::string(name) + ": found " + KindOf(value) +
                         ", expected a FHIR resource"};
      }
      // A client that could not fetch it may say so with an OperationOutcome.
      if (value == nullptr || value->value("resourceType", json()) == "OperationOutcome") {
        unsupplied.emplace_back(name);
      } else {
        question.documents.push_back({name, value->dump()});
      }
    }
    if (unsupplied.empty() || unsupplied.front() != "patient") return std::nullopt;
    return Wrong{412, "no_prefetch",
                 "prefetch.patient: found nothing, expected the Patient: this service fetches "
                 "nothing by itself"};
  }

  const Service& service_;
  std::string_view body_;
};

/// Without consents the site's own records decide, and drugs come as requests or as statements.
void ForgetWhatIsOptional(std::vector<std::string>& unsupplied) {
  const auto has = [&](const char* name) {
    return std::ranges::find(unsupplied, name) == unsupplied.end();
  };
  const bool drugs = has("medicationRequests") || has("medicationStatements");
  std::erase_if(unsupplied, [&](const std::string& name) {
    return name == "consents" || (drugs && name.starts_with("medication"));
  });
}

Reply FromError(const Error& error) {
  const std::string code = error.reason.empty() ? "failed" : error.reason;
  if (error.reason == "no_patient") return ErrorReply(412, code, error.message);
  if (error.code == ErrorCode::kInvalidInput) return ErrorReply(400, code, error.message);
  if (error.code == ErrorCode::kRefused) return ErrorReply(403, code, error.message);
  // What the database said is for the site's log.
  return ErrorReply(500, "failed", "the question could not be answered");
}

/// One entry of a feedback's list.
std::optional<Wrong> ReadFeedback(const json& entry, decision::CardFeedback& feedback) {
  const json* card = entry.is_object() ? Member(entry, "card") : nullptr;
  const json* outcome = entry.is_object() ? Member(entry, "outcome") : nullptr;
  if (card == nullptr || !card->is_string() || outcome == nullptr || !outcome->is_string()) {
    return Wrong{400, "bad_feedback", "feedback: expected entries with card and outcome"};
  }
  const std::string& uuid = card->get_ref<const std::string&>();
  const bool hex = uuid.size() == 36 && std::ranges::all_of(uuid, [](char c) {
                     return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                   });
  if (!hex) return Wrong{400, "bad_feedback", "feedback.card: expected the uuid of a card"};
  feedback.card = uuid;
  feedback.outcome = outcome->get<std::string>();
  const json* reason = Member(entry, "overrideReason");
  if (reason == nullptr || !reason->is_object()) return std::nullopt;
  const json* coding = Member(*reason, "reason");
  if (coding != nullptr && coding->is_object()) {
    const json* code = Member(*coding, "code");
    if (code != nullptr && code->is_string()) feedback.reason = code->get<std::string>();
  }
  feedback.has_comment = Member(*reason, "userComment") != nullptr;
  return std::nullopt;
}

}  // namespace

HttpServerOptions SiteServerOptions(int port) {
  return {.port = port, .max_body_bytes = 8 << 20, .threads = 32};
}

Reply CdsHooks::Get(std::string_view path) const {
  if (path == kServices) return Discovery();
  if (path == "/healthz" || path == "/readyz") return Json({{"status", "ok"}});
  return ErrorReply(404, "not_found", "no such page; the services are listed at /cds-services");
}

bool CdsHooks::TakesPost(std::string_view path) const { return ServicePath(path).has_value(); }

Reply CdsHooks::Post(std::string_view path, std::string_view body) const {
  try {
    const auto service = ServicePath(path);
    if (!service || FindService(service->first) == nullptr) {
      return ErrorReply(404, "not_found", "no such service; they are listed at /cds-services");
    }
    return service->second ? Feedback(body) : Call(service->first, body);
  } catch (const std::exception&) {
    return ErrorReply(500, "internal", "the question could not be answered");
  }
}

Reply CdsHooks::Call(std::string_view id, std::string_view body) const {
  const Service& service = *FindService(id);
  RequestReader reader(service, body);
  if (const auto wrong = reader.Read()) {
    desk_.NoteRefusal(service.hook, {ErrorCode::kInvalidInput, wrong->message, wrong->code});
    return ErrorReply(wrong->status, wrong->code, wrong->message);
  }
  ForgetWhatIsOptional(reader.unsupplied);
  auto cards = desk_.Ask(reader.question, reader.unsupplied);
  if (!cards) return FromError(cards.error());
  return Json({{"cards", std::move(*cards)}});
}

Reply CdsHooks::Feedback(std::string_view body) const {
  const auto refuse = [this](const Wrong& wrong) {
    desk_.NoteRefusal("feedback", {ErrorCode::kInvalidInput, wrong.message, wrong.code});
    return ErrorReply(wrong.status, wrong.code, wrong.message);
  };
  const json request = json::parse(body, nullptr, false);
  const json* list = request.is_object() ? Member(request, "feedback") : nullptr;
  if (list == nullptr || !list->is_array() || list->empty() || list->size() > 100) {
    return refuse({400, "bad_feedback",
                   "feedback: expected an array of 1 to 100 entries with card and outcome"});
  }
  std::vector<decision::CardFeedback> entries(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (const auto wrong = ReadFeedback((*list)[i], entries[i])) {
      return refuse(*wrong);
    }
  }
  for (const decision::CardFeedback& entry : entries) {
    if (const auto noted = desk_.TakeFeedback(entry); !noted) {
      desk_.NoteRefusal("feedback", noted.error());
      return FromError(noted.error());
    }
  }
  return Json(ordered_json::object());
}

}  // namespace clinnova::web
