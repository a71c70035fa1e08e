//! What the log says of the configuration (config spec, 10).

use std::time::Duration;

use dex_config::{Config, Expiry, FeatureFlag, LogFormat, Signer};

use crate::logging::{Format, Level, Settings};
use crate::run::ProcessEnv;

/// The logger under this configuration.
pub fn log_settings(config: &Config) -> Settings {
    Settings {
        level: Level::of(config.logger.level.0),
        format: match config.logger.format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        },
        exclude_fields: config.logger.exclude_fields.clone(),
    }
}

/// The records that Dex writes at its start, and the warnings of the configuration.
pub fn config_records(config: &Config) {
    for warning in &config.warnings {
        match (warning.use_instead, &warning.current_value) {
            (Some(use_instead), Some(current_value)) => {
                tracing::warn!(use_instead, current_value = %current_value, deprecated = true, "{warning}");
            }
            _ => tracing::warn!("{warning}"),
        }
    }
    tracing::info!(issuer = %config.issuer, "config issuer");
    tracing::info!(storage_type = config.storage.kind(), "config storage");
    for client in &config.static_clients {
        tracing::info!(client_name = %client.name, "config static client");
    }
    for connector in &config.connectors {
        tracing::info!(connector_id = %connector.id, "config connector");
    }
    if config.enable_password_db {
        tracing::info!("config connector: local passwords enabled");
    }
    let response_types: Vec<&str> = config.oauth2.response_types.iter().map(|kind| kind.as_str()).collect();
    tracing::info!(response_types = ?response_types, "config response types accepted");
    if config.oauth2.skip_approval_screen {
        tracing::info!("config skipping approval screen");
    }
    if let Some(password_connector) = &config.oauth2.password_connector {
        tracing::info!(password_connector = %password_connector, "config using password grant connector");
    }
    if !config.web.allowed_origins.is_empty() {
        tracing::info!(origins = ?config.web.allowed_origins, "config allowed origins");
    }
    if FeatureFlag::ContinueOnConnectorFailure.enabled(&ProcessEnv) {
        tracing::info!("continue on connector failure feature flag enabled");
    }
    tracing::info!(valid_for = ?config.expiry.id_tokens, "config id tokens");
    match &config.signer {
        Signer::Local { keys_rotation_period, .. } => {
            tracing::info!("type" = "local", keys_rotation_period = %written(*keys_rotation_period), "signer configured");
        }
        Signer::Vault { .. } => tracing::info!("type" = "vault", "signer configured"),
    }
    expiry_records(&config.expiry);
    if let Some(sessions) = &config.sessions {
        tracing::info!(
            cookie_name = %sessions.cookie_name,
            absolute_lifetime = ?sessions.absolute_lifetime,
            valid_if_not_used_for = ?sessions.valid_if_not_used_for,
            "config sessions"
        );
    }
}

fn expiry_records(expiry: &Expiry) {
    tracing::info!(valid_for = ?expiry.auth_requests, "config auth requests");
    tracing::info!(valid_for = ?expiry.device_requests, "config device requests");
    let tokens = &expiry.refresh_tokens;
    if let Some(idle) = tokens.valid_if_not_used_for {
        tracing::info!(valid_if_not_used_for = %written(idle), "config refresh tokens");
    }
    if let Some(absolute) = tokens.absolute_lifetime {
        tracing::info!(absolute_lifetime = %written(absolute), "config refresh tokens");
    }
    if !tokens.reuse_interval.is_zero() {
        tracing::info!(reuse_interval = %written(tokens.reuse_interval), "config refresh tokens");
    }
    tracing::info!(enabled = tokens.rotation, "config refresh tokens rotation");
}

/// A duration as one writes it into the file. Dex logs these as texts, unlike the others.
fn written(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_nanos()) {
        (seconds, 0) if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds, 0) if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
        _ => format!("{}s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_one_writes_them() {
        let cases = [(0, "0s"), (3, "3s"), (59, "59s"), (60, "1m"), (90, "90s"), (5_400, "90m"), (21_600, "6h")];
        for (seconds, expected) in cases {
            assert_eq!(written(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(written(Duration::from_millis(1_500)), "1.5s");
    }
}
