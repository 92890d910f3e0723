#include "gateway/kafka/handlers.h"

#include <algorithm>

namespace millrace::gateway::kafka {

namespace {

using wire::ApiKey;

// Sorted by key.
constexpr Handler kHandlers[] = {
    {ApiKey::produce, 0, 13, false, handle_produce},
    {ApiKey::fetch, 4, 18, false, handle_fetch},
    {ApiKey::list_offsets, 1, 11, false, handle_list_offsets},
    {ApiKey::metadata, 0, 13, false, handle_metadata},
    {ApiKey::offset_commit, 2, 10, false, handle_offset_commit},
    {ApiKey::offset_fetch, 1, 10, false, handle_offset_fetch},
    {ApiKey::find_coordinator, 0, 6, false, handle_find_coordinator},
    {ApiKey::join_group, 0, 9, false, handle_join_group},
    {ApiKey::heartbeat, 0, 4, false, handle_heartbeat},
    {ApiKey::leave_group, 0, 5, false, handle_leave_group},
    {ApiKey::sync_group, 0, 5, false, handle_sync_group},
    {ApiKey::describe_groups, 0, 6, false, handle_describe_groups},
    {ApiKey::list_groups, 0, 5, false, handle_list_groups},
    {ApiKey::sasl_handshake, 0, 1, true, handle_sasl_handshake},
    {ApiKey::api_versions, 0, 4, true, handle_api_versions},
    {ApiKey::create_topics, 0, 7, false, handle_create_topics},
    {ApiKey::delete_topics, 0, 6, false, handle_delete_topics},
    {ApiKey::delete_records, 0, 2, false, handle_delete_records},
    {ApiKey::init_producer_id, 0, 5, false, handle_init_producer_id},
    {ApiKey::offset_for_leader_epoch, 0, 4, false, handle_offset_for_leader_epoch},
    {ApiKey::add_partitions_to_txn, 0, 5, false, handle_add_partitions_to_txn},
    {ApiKey::add_offsets_to_txn, 0, 4, false, handle_add_offsets_to_txn},
    {ApiKey::end_txn, 0, 5, false, handle_end_txn},
    {ApiKey::write_txn_markers, 1, 2, false, handle_write_txn_markers},
    {ApiKey::txn_offset_commit, 0, 5, false, handle_txn_offset_commit},
    {ApiKey::describe_acls, 1, 3, false, handle_describe_acls},
    {ApiKey::create_acls, 1, 3, false, handle_create_acls},
    {ApiKey::delete_acls, 1, 3, false, handle_delete_acls},
    {ApiKey::describe_configs, 0, 4, false, handle_describe_configs},
    {ApiKey::alter_configs, 0, 2, false, handle_alter_configs},
    {ApiKey::describe_log_dirs, 1, 5, false, handle_describe_log_dirs},
    {ApiKey::sasl_authenticate, 0, 2, true, handle_sasl_authenticate},
    {ApiKey::create_partitions, 0, 3, false, handle_create_partitions},
    {ApiKey::delete_groups, 0, 2, false, handle_delete_groups},
    {ApiKey::elect_leaders, 0, 2, false, handle_elect_leaders},
    {ApiKey::incremental_alter_configs, 0, 1, false, handle_incremental_alter_configs},
    {ApiKey::offset_delete, 0, 0, false, handle_offset_delete},
    {ApiKey::describe_client_quotas, 0, 1, false, handle_describe_client_quotas},
    {ApiKey::alter_client_quotas, 0, 1, false, handle_alter_client_quotas},
    {ApiKey::describe_user_scram_credentials, 0, 0, false, handle_describe_user_scram_credentials},
    {ApiKey::alter_user_scram_credentials, 0, 0, false, handle_alter_user_scram_credentials},
    {ApiKey::describe_quorum, 0, 2, false, handle_describe_quorum},
    {ApiKey::describe_cluster, 0, 2, false, handle_describe_cluster},
    {ApiKey::describe_producers, 0, 0, false, handle_describe_producers},
    {ApiKey::describe_transactions, 0, 0, false, handle_describe_transactions},
    {ApiKey::list_transactions, 0, 2, false, handle_list_transactions},
    {ApiKey::list_config_resources, 0, 1, false, handle_list_config_resources},
    {ApiKey::describe_topic_partitions, 0, 0, false, handle_describe_topic_partitions},
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
