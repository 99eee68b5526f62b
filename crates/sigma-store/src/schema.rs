//! The tables as diesel sees them. `migrations/` holds the schema itself, with its constraints.

diesel::table! {
    counters (name) {
        name -> Text,
        next_id -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
    }
}

diesel::table! {
    portfolios (id) {
        id -> BigInt,
        user_id -> BigInt,
        slug -> Text,
        name -> Text,
        currency -> Text,
        opened_on -> Date,
        is_demo -> Bool,
    }
}

diesel::table! {
    cash_ledger (id) {
        id -> BigInt,
        portfolio_id -> BigInt,
        date -> Date,
        kind -> Text,
        amount -> Double,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    instruments (id) {
        id -> BigInt,
        symbol -> Text,
        kind -> Text,
        name -> Nullable<Text>,
        sector -> Nullable<Text>,
        industry -> Nullable<Text>,
        exchange -> Nullable<Text>,
        country -> Nullable<Text>,
        currency -> Text,
        market_cap -> Nullable<Double>,
        dividend_yield -> Nullable<Double>,
        duration -> Nullable<Double>,
        convexity -> Nullable<Double>,
        multiplier -> Double,
        underlying -> Nullable<Text>,
        option_kind -> Nullable<Text>,
        strike -> Nullable<Double>,
        expiry -> Nullable<Date>,
        exercise_style -> Nullable<Text>,
        standard_deliverable -> Nullable<Bool>,
    }
}

diesel::table! {
    positions (id) {
        id -> BigInt,
        portfolio_id -> BigInt,
        instrument_id -> BigInt,
        quantity -> Double,
        entry_price -> Double,
        entry_date -> Date,
        lot -> Integer,
        exit_price -> Nullable<Double>,
        exit_date -> Nullable<Date>,
        adjusted_through -> Nullable<Date>,
    }
}

diesel::table! {
    imports (id) {
        id -> BigInt,
        portfolio_id -> BigInt,
        file_name -> Text,
        sha256 -> Text,
        format -> Text,
        account -> Nullable<Text>,
        as_of -> Date,
        file_rows -> BigInt,
        positions -> BigInt,
        opened -> BigInt,
        closed -> BigInt,
        changed -> BigInt,
        imported_at -> Text,
        status -> Text,
    }
}

diesel::table! {
    tags (id) {
        id -> BigInt,
        user_id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    position_tags (position_id, tag_id) {
        position_id -> BigInt,
        tag_id -> BigInt,
    }
}

diesel::table! {
    prices (instrument_id, date) {
        instrument_id -> BigInt,
        date -> Date,
        open -> Nullable<Double>,
        high -> Nullable<Double>,
        low -> Nullable<Double>,
        close -> Double,
        adj_close -> Nullable<Double>,
        volume -> Nullable<Double>,
        source -> Text,
        basis -> Text,
    }
}

diesel::table! {
    option_quotes (instrument_id, date) {
        instrument_id -> BigInt,
        date -> Date,
        bid -> Nullable<Double>,
        ask -> Nullable<Double>,
        close -> Nullable<Double>,
        implied_volatility -> Nullable<Double>,
        open_interest -> Nullable<Double>,
        forward -> Nullable<Double>,
        source -> Text,
        quoted_delta -> Nullable<Double>,
        quoted_gamma -> Nullable<Double>,
        quoted_theta_per_day -> Nullable<Double>,
        quoted_vega_per_point -> Nullable<Double>,
    }
}

diesel::table! {
    rates (series, date) {
        series -> Text,
        date -> Date,
        percent -> Double,
        source -> Text,
    }
}

diesel::table! {
    splits (instrument_id, date) {
        instrument_id -> BigInt,
        date -> Date,
        from_shares -> Double,
        to_shares -> Double,
        source -> Text,
    }
}

diesel::table! {
    dividends (instrument_id, ex_date) {
        instrument_id -> BigInt,
        ex_date -> Date,
        amount -> Double,
        source -> Text,
    }
}

diesel::table! {
    quarantine (symbol, date, source, reason) {
        symbol -> Text,
        date -> Date,
        source -> Text,
        reason -> Text,
        detail -> Text,
        payload -> Json,
        status -> Text,
    }
}

diesel::table! {
    fetches (subject, dataset, source) {
        subject -> Text,
        dataset -> Text,
        source -> Text,
        from_date -> Nullable<Date>,
        to_date -> Date,
        outcome -> Text,
        detail -> Text,
        fetched_at -> Text,
    }
}

diesel::table! {
    factors (name) {
        name -> Text,
        kind -> Text,
        proxy -> Text,
        description -> Text,
        display_order -> Integer,
    }
}

diesel::table! {
    scenarios (id) {
        id -> Text,
        name -> Text,
        category -> Text,
        severity -> Text,
        note -> Nullable<Text>,
        active -> Bool,
        shocks -> Json,
        display_order -> Integer,
    }
}

diesel::table! {
    runs (id) {
        id -> BigInt,
        tool -> Text,
        verb -> Text,
        as_of -> Nullable<Date>,
        from_date -> Nullable<Date>,
        started_at -> Text,
        finished_at -> Nullable<Text>,
        status -> Text,
        expected -> Nullable<BigInt>,
        stored -> Nullable<BigInt>,
        changed -> Nullable<BigInt>,
        skipped -> Nullable<BigInt>,
        parameters -> Json,
        version -> Text,
        username -> Text,
        message -> Nullable<Text>,
    }
}

diesel::table! {
    greeks (instrument_id, as_of, method) {
        instrument_id -> BigInt,
        as_of -> Date,
        method -> Text,
        reason -> Nullable<Text>,
        spot -> Nullable<Double>,
        market_price -> Nullable<Double>,
        volatility -> Nullable<Double>,
        volatility_source -> Nullable<Text>,
        rate -> Nullable<Double>,
        dividend_yield -> Nullable<Double>,
        years -> Nullable<Double>,
        model_price -> Nullable<Double>,
        delta -> Nullable<Double>,
        gamma -> Nullable<Double>,
        theta_per_day -> Nullable<Double>,
        vega_per_point -> Nullable<Double>,
        rho_per_point -> Nullable<Double>,
        flags -> Json,
        run_id -> BigInt,
    }
}

diesel::table! {
    factor_fits (instrument_id, as_of, method) {
        instrument_id -> BigInt,
        as_of -> Date,
        method -> Text,
        status -> Text,
        alpha_per_day -> Nullable<Double>,
        alpha_std_error -> Nullable<Double>,
        alpha_t_value -> Nullable<Double>,
        alpha_p_value -> Nullable<Double>,
        r_squared -> Nullable<Double>,
        adj_r_squared -> Nullable<Double>,
        observations -> BigInt,
        residual_vol_per_day -> Nullable<Double>,
        condition_number -> Nullable<Double>,
        effective_parameters -> Nullable<Double>,
        flags -> Json,
        run_id -> BigInt,
    }
}

diesel::table! {
    factor_loadings (instrument_id, as_of, method, factor) {
        instrument_id -> BigInt,
        as_of -> Date,
        method -> Text,
        factor -> Text,
        coefficient -> Double,
        std_error -> Nullable<Double>,
        t_value -> Nullable<Double>,
        p_value -> Nullable<Double>,
        vif -> Nullable<Double>,
        run_id -> BigInt,
    }
}

diesel::table! {
    factor_covariances (as_of, method) {
        as_of -> Date,
        method -> Text,
        factors -> Json,
        packed -> Binary,
        observations -> BigInt,
        shrinkage -> Nullable<Double>,
        run_id -> BigInt,
    }
}

diesel::table! {
    factor_exposures (portfolio_id, as_of, method, factor) {
        portfolio_id -> BigInt,
        as_of -> Date,
        method -> Text,
        factor -> Text,
        dollar_exposure -> Double,
        std_error_usd -> Nullable<Double>,
        t_value -> Nullable<Double>,
        beta -> Nullable<Double>,
        coverage_fraction -> Double,
        run_id -> BigInt,
    }
}

diesel::table! {
    correlations (portfolio_id, as_of, method) {
        portfolio_id -> BigInt,
        as_of -> Date,
        method -> Text,
        window_sessions -> Integer,
        average_correlation -> Nullable<Double>,
        effective_bets -> Nullable<Double>,
        min_eigenvalue -> Nullable<Double>,
        repaired -> Bool,
        included -> BigInt,
        excluded -> BigInt,
        symbols -> Json,
        packed -> Binary,
        run_id -> BigInt,
    }
}

diesel::table! {
    correlation_clusters (portfolio_id, as_of, method, cluster) {
        portfolio_id -> BigInt,
        as_of -> Date,
        method -> Text,
        cluster -> Integer,
        name -> Text,
        average_correlation -> Double,
        value -> Double,
        weight_fraction -> Nullable<Double>,
        members -> Json,
        run_id -> BigInt,
    }
}

diesel::table! {
    stress_results (portfolio_id, as_of, scenario_id, method) {
        portfolio_id -> BigInt,
        as_of -> Date,
        scenario_id -> Text,
        method -> Text,
        direct_pnl -> Nullable<Double>,
        correlated_pnl -> Nullable<Double>,
        direct_fraction -> Nullable<Double>,
        correlated_fraction -> Nullable<Double>,
        direct_by_factor -> Json,
        correlated_by_factor -> Json,
        implied_moves -> Json,
        distance -> Nullable<Double>,
        extrapolated -> Bool,
        excluded_value -> Double,
        direct_reason -> Nullable<Text>,
        correlated_reason -> Nullable<Text>,
        run_id -> BigInt,
    }
}

diesel::table! {
    market_risk_results (portfolio_id, as_of, scenario_id, method) {
        portfolio_id -> BigInt,
        as_of -> Date,
        scenario_id -> Text,
        method -> Text,
        shock_kind -> Text,
        shock_size -> Double,
        pnl -> Nullable<Double>,
        fraction -> Nullable<Double>,
        by_factor -> Json,
        excluded_value -> Double,
        reason -> Nullable<Text>,
        run_id -> BigInt,
    }
}

diesel::table! {
    portfolio_exposures (portfolio_id, as_of, dimension, bucket) {
        portfolio_id -> BigInt,
        as_of -> Date,
        dimension -> Text,
        bucket -> Text,
        position_count -> BigInt,
        gross -> Double,
        net -> Double,
        long_value -> Double,
        short_value -> Double,
        notional -> Nullable<Double>,
        delta_adjusted -> Nullable<Double>,
        beta_adjusted -> Nullable<Double>,
        run_id -> BigInt,
    }
}

diesel::table! {
    snapshots (portfolio_id, as_of) {
        portfolio_id -> BigInt,
        as_of -> Date,
        nav -> Double,
        cash -> Double,
        short_proceeds -> Double,
        long_value -> Double,
        short_value -> Double,
        gross -> Double,
        net -> Double,
        unrealized_pnl -> Double,
        realized_pnl -> Double,
        day_pnl -> Double,
        flows -> Double,
        day_return -> Nullable<Double>,
        cumulative_pnl -> Double,
        cumulative_return -> Nullable<Double>,
        realized_vol_21 -> Nullable<Double>,
        realized_vol_63 -> Nullable<Double>,
        drawdown -> Nullable<Double>,
        market_beta -> Nullable<Double>,
        delta_dollars -> Nullable<Double>,
        gamma_dollars_per_1pct -> Nullable<Double>,
        theta_per_day -> Nullable<Double>,
        vega_per_point -> Nullable<Double>,
        rho_per_point -> Nullable<Double>,
        hhi -> Nullable<Double>,
        effective_positions -> Nullable<Double>,
        top_3_fraction -> Nullable<Double>,
        top_10_fraction -> Nullable<Double>,
        position_count -> BigInt,
        excluded_count -> BigInt,
        run_id -> BigInt,
    }
}

diesel::table! {
    exclusions (portfolio_id, as_of, engine, subject, reason) {
        portfolio_id -> BigInt,
        as_of -> Date,
        engine -> Text,
        subject -> Text,
        reason -> Text,
        severity -> Text,
        detail -> Text,
        value -> Nullable<Double>,
        weight_fraction -> Nullable<Double>,
        run_id -> BigInt,
    }
}

diesel::table! {
    what_if_sessions (name) {
        name -> Text,
        portfolio_id -> BigInt,
        as_of -> Date,
        fractional -> Bool,
        created_at -> Text,
    }
}

diesel::table! {
    what_if_trades (session, line) {
        session -> Text,
        line -> BigInt,
        symbol -> Text,
        action -> Text,
        quantity -> Nullable<Double>,
        dollars -> Nullable<Double>,
        price -> Nullable<Double>,
        tag -> Nullable<Text>,
        filled_quantity -> Double,
        filled_price -> Double,
    }
}

diesel::joinable!(position_tags -> tags (tag_id));
diesel::joinable!(position_tags -> positions (position_id));
diesel::allow_tables_to_appear_in_same_query!(position_tags, tags, positions);
