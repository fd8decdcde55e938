-- An example of a utility's own billing tables, as a marketing system 营销系统 has them. Nothing here is the FEP's:
-- replace it in your mind by what you have. postgresql.sql connects these tables to the FEP.

CREATE ROLE yx;
CREATE SCHEMA yx AUTHORIZATION yx;
SET ROLE yx;

-- 客户档案 customer archive
CREATE TABLE yx.yx_khda (
    yhbh varchar(16) PRIMARY KEY,            -- 用户编号 account number
    yhmc varchar(100) NOT NULL,              -- 用户名称 name
    yddz varchar(200),                       -- 用电地址 address of supply
    dbbh char(20),                           -- 电能表编号 meter number, padded with blanks
    dkzh varchar(32),                        -- 代扣账号 bank account of direct debit
    gddw varchar(8) NOT NULL,                -- 供电单位 supply branch
    yhlb varchar(20) NOT NULL,               -- 用户类别 class: 居民生活, 一般工商业, 大工业, 农业
    jffs char(2) NOT NULL DEFAULT '01',      -- 缴费方式 01 柜台 counter, 02 代扣 direct debit, 03 卡表 prepaid card
    yhzt char(2) NOT NULL DEFAULT '01',      -- 用户状态 01 正常 active, 02 暂停 suspended, 03 销户 closed
    dsbz char(1) NOT NULL DEFAULT '1'        -- 银行代收标志 1: banks may collect
);

-- 预存账户 balance of an account: one row for each customer
CREATE TABLE yx.yx_yszh (
    yhbh varchar(16) PRIMARY KEY REFERENCES yx.yx_khda,
    ye numeric(14, 2) NOT NULL DEFAULT 0,    -- 余额 balance in yuan
    djbz char(1) NOT NULL DEFAULT '0'        -- 冻结标志 1: frozen by a court, nothing may move it
);

-- 应收电费 receivables: several rows for each bill, one for each part of its price
CREATE TABLE yx.yx_ysdz (
    ysdh varchar(16) NOT NULL,               -- 应收单号 bill number
    xh smallint NOT NULL,                    -- 序号 row of the bill, from 1
    yhbh varchar(16) NOT NULL REFERENCES yx.yx_khda,
    ny char(6) NOT NULL,                     -- 年月 month, text YYYYMM
    dfcs smallint NOT NULL,                  -- 电费次数 number of the bill within the month
    fyxm varchar(20) NOT NULL,               -- 费用项目 part: 目录电费 energy, 力调电费 power factor, 基金 funds
    dl numeric(14, 2) NOT NULL DEFAULT 0,    -- 电量 energy in kWh; in row 1
    qds numeric(14, 2) NOT NULL DEFAULT 0,   -- 起度 meter reading before; in row 1
    zds numeric(14, 2) NOT NULL DEFAULT 0,   -- 止度 meter reading now; in row 1
    je numeric(14, 2) NOT NULL,              -- 金额 amount in yuan; 力调电费 may be negative
    jzrq date NOT NULL,                      -- 截止日期 last day without late fee
    hjrq date,                               -- 缓缴日期 the same, put off by agreement
    zt char(2) NOT NULL DEFAULT '01',        -- 状态 01 未收 open, 02 代扣在途 in a debit batch, 03 已收 settled, 09 作废 withdrawn
    ssrq timestamp,                          -- 实收时间 when it was settled
    PRIMARY KEY (ysdh, xh)
);
CREATE INDEX yx_ysdz_yhbh ON yx.yx_ysdz (yhbh);

RESET ROLE;
