// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "web/embedded_ui.h"
#include "web/hub_text.h"

namespace clinnova::web {
namespace {

constexpr std::string_view kHashSlot = "{hash}";

bool IsStudyHash(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Reply NotFound(std::string_view message) { return ErrorReply(404, "not_found", message); }

Reply FromError(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidInput: return ErrorReply(400, "invalid_input", error.message);
    case ErrorCode::kRefused: return ErrorReply(403, "refused", error.message);
    case ErrorCode::kUnreachable: return ErrorReply(503, "unreachable", error.message);
    case ErrorCode::kFailed: break;
  }
  return ErrorReply(500, "failed", error.message);
}

Reply Json(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

Reply FromEmbedded(const EmbeddedFile& file) {
  Reply reply;
  reply.static_body = file.content;
  reply.content_type = file.mime_type;
  reply.etag = file.etag;
  reply.immutable = file.immutable;
  return reply;
}

Reply Status(const HubView& hub, std::string_view) {
  const auto sites = hub.Sites();
  if (!sites) return FromError(sites.error());
  const auto studies = hub.Studies();
  if (!studies) return FromError(studies.error());
  return Json(StatusJson(hub.Name(), hub.Version(), *sites, *studies));
}

Reply Sites(const HubView& hub, std::string_view) {
  const auto sites = hub.Sites();
  return sites ? Json(SitesJson(*sites)) : FromError(sites.error());
}

Reply Studies(const HubView& hub, std::string_view) {
  const auto studies = hub.Studies();
  return studies ? Json(StudiesJson(*studies)) : FromError(studies.error());
}

Reply Study(const HubView& hub, std::string_view hash) {
  const auto study = hub.Study(hash);
  if (!study) return FromError(study.error());
  return *study ? Json(StudyJson(**study)) : NotFound("no study with this hash on this hub");
}

Reply Results(const HubView& hub, std::string_view hash) {
  auto result = hub.ResultFile(hash);
  if (!result) return FromError(result.error());
  return *result ? Json(std::move(**result)) : NotFound("this study has no result (yet)");
}

Reply OpenApi(const HubView&, std::string_view) {
  const auto document = FindEmbedded("/api/v1/openapi.json");
  return document ? FromEmbedded(*document) : NotFound("the OpenAPI document was not built in");
}

Reply Health(const HubView&, std::string_view) { return Json(R"({"status":"ok"})"); }

Reply Readiness(const HubView& hub, std::string_view) {
  const auto ready = hub.Ready();
  return ready ? Json(R"({"status":"ok"})") : ErrorReply(503, "not_ready", ready.error().message);
}

Reply Metrics(const HubView& hub, std::string_view) {
  const auto sites = hub.Sites();
  if (!sites) return FromError(sites.error());
  const auto studies = hub.Studies();
  if (!studies) return FromError(studies.error());
  Reply reply = Json(MetricsText(hub.Version(), *sites, *studies));
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return reply;
}

struct Route {
  std::string_view pattern;
  Reply (*answer)(const HubView& hub, std::string_view hash);
};

constexpr std::array kRoutes = {
    Route{"/api/v1/status", Status},
    Route{"/api/v1/sites", Sites},
    Route{"/api/v1/studies", Studies},
    Route{"/api/v1/studies/{hash}", Study},
    Route{"/api/v1/studies/{hash}/results", Results},
    Route{"/api/v1/openapi.json", OpenApi},
    Route{"/healthz", Health},
    Route{"/readyz", Readiness},
    Route{"/metrics", Metrics},
};

// The study hash in `path` where it matches `pattern` (empty for a pattern without one).
std::optional<std::string_view> Match(std::string_view pattern, std::string_view path) {
  const std::size_t slot = pattern.find(kHashSlot);
  if (slot == std::string_view::npos) {
    return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  }
  const std::string_view tail = pattern.substr(slot + kHashSlot.size());
  if (path.size() < slot + tail.size()) return std::nullopt;
  if (!path.starts_with(pattern.substr(0, slot)) || !path.ends_with(tail)) return std::nullopt;
  const std::string_view hash = path.substr(slot, path.size() - slot - tail.size());
  return IsStudyHash(hash) ? std::optional(hash) : std::nullopt;
}

Reply Dispatch(const HubView& hub, std::string_view path) {
  for (const Route& route : kRoutes) {
    if (const auto hash = Match(route.pattern, path)) return route.answer(hub, *hash);
  }
  if (const auto file = FindEmbedded(path == "/" ? "/index.html" : path))
    return FromEmbedded(*file);
  return NotFound("no such page; the API is described at /api/v1/openapi.json");
}

}  // namespace

std::vector<std::string_view> ApiPaths() {
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes) paths.push_back(route.pattern);
  return paths;
}

Reply AnswerGet(const HubView& hub, std::string_view path) {
  try {
    return Dispatch(hub, path);
  } catch (const std::exception&) {
    // What it said may hold anything; it belongs into the hub's own log, not on a page.
    return ErrorReply(500, "internal", "the hub failed to answer; its log says why");
  }
}

Reply ErrorReply(int status, std::string_view code, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.body = ErrorJson(code, message);
  return reply;
}

}  // namespace clinnova::web
