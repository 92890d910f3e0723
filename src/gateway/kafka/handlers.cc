#include "gateway/kafka/handlers.h"

#include <algorithm>

namespace millrace::gateway::kafka {

namespace {

using wire::ApiKey;

// Sorted by key. Fetch stays below 13, Produce below 13: those name topics by id only.
constexpr Handler kHandlers[] = {
    {ApiKey::produce, 0, 12, false, handle_produce},
    {ApiKey::fetch, 4, 12, false, handle_fetch},
    {ApiKey::list_offsets, 1, 8, false, handle_list_offsets},
    {ApiKey::metadata, 0, 12, false, handle_metadata},
    {ApiKey::offset_commit, 2, 9, false, handle_offset_commit},
    {ApiKey::offset_fetch, 1, 9, false, handle_offset_fetch},
    {ApiKey::find_coordinator, 0, 6, false, handle_find_coordinator},
    {ApiKey::join_group, 0, 9, false, handle_join_group},
    {ApiKey::heartbeat, 0, 4, false, handle_heartbeat},
    {ApiKey::leave_group, 0, 5, false, handle_leave_group},
    {ApiKey::sync_group, 0, 5, false, handle_sync_group},
    {ApiKey::describe_groups, 0, 6, false, handle_describe_groups},
    {ApiKey::list_groups, 0, 5, false, handle_list_groups},
    {ApiKey::sasl_handshake, 1, 1, true, handle_sasl_handshake},
    {ApiKey::api_versions, 0, 4, true, handle_api_versions},
    {ApiKey::create_topics, 0, 7, false, handle_create_topics},
    {ApiKey::delete_topics, 0, 6, false, handle_delete_topics},
    {ApiKey::init_producer_id, 0, 5, false, handle_init_producer_id},
    {ApiKey::sasl_authenticate, 0, 2, true, handle_sasl_authenticate},
    {ApiKey::delete_groups, 0, 2, false, handle_delete_groups},
    {ApiKey::offset_delete, 0, 0, false, handle_offset_delete},
};

}  // namespace

std::span<const Handler> handlers() {
  return kHandlers;
}

const Handler* find_handler(std::int16_t key) {
  const auto* const found = std::find_if(std::begin(kHandlers), std::end(kHandlers),
                                         [key](const Handler& h) { return static_cast<std::int16_t>(h.key) == key; });
  return found == std::end(kHandlers) ? nullptr : found;
}

}  // namespace millrace::gateway::kafka
